//! Packages as a CycloneDX 1.5 bill of materials, <https://cyclonedx.org/docs/1.5/json/>. The same image gives the same
//! bytes: there is no serial number, and a time only when one is given.

use std::io::{self, Write};

use serde::Serialize;

use crate::check::Inspection;
use crate::packages::{LicenceForm, Package, PackageKind};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bom<'a> {
    bom_format: &'static str,
    spec_version: &'static str,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<Component<'a>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    tools: Tools,
    component: Component<'a>,
}

#[derive(Serialize)]
struct Tools {
    components: [Component<'static>; 1],
}

#[derive(Default, Serialize)]
struct Component<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<License<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum License<'a> {
    License(Named<'a>),
    Expression(&'a str),
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Named<'a> {
    Id(&'a str),
    Name(&'a str),
}

#[derive(Serialize)]
struct Property {
    name: &'static str,
    value: String,
}

pub(super) fn write(inspection: &Inspection, time: Option<String>, out: &mut dyn Write) -> io::Result<()> {
    let image = &inspection.image;
    let tool = Component {
        kind: "application",
        name: env!("CARGO_PKG_NAME"),
        version: Some(env!("CARGO_PKG_VERSION")),
        ..Component::default()
    };
    let subject = Component {
        kind: "container",
        reference: Some(image.id.clone()),
        name: super::name(inspection),
        version: Some(&image.id),
        ..Component::default()
    };
    let system = inspection.packages.distro.as_ref().map(|distro| Component {
        kind: "operating-system",
        reference: Some(format!("os:{}", distro.id)),
        name: &distro.id,
        version: distro.version_id.as_deref(),
        description: distro.pretty_name.as_deref(),
        ..Component::default()
    });
    let mut components: Vec<Component<'_>> = inspection.packages.list.iter().map(component).collect();
    components.sort_by(|a, b| a.reference.cmp(&b.reference));
    components.dedup_by(|b, a| a.reference == b.reference);
    let bom = Bom {
        bom_format: "CycloneDX",
        spec_version: "1.5",
        version: 1,
        metadata: Metadata { timestamp: time, tools: Tools { components: [tool] }, component: subject },
        components: system.into_iter().chain(components).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &bom)?;
    writeln!(out)
}

fn component(package: &Package) -> Component<'_> {
    let split = match package.kind {
        PackageKind::Maven => package.name.split_once(':'),
        PackageKind::Npm | PackageKind::Composer => package.name.split_once('/'),
        _ => None,
    };
    let property = |name, value: &str| Property { name, value: value.to_owned() };
    let mut properties = vec![property("dockgate:path", &package.database)];
    properties.push(property("dockgate:layer", &package.layer.to_string()));
    Component {
        kind: "library",
        reference: Some(format!("{}#{}", package.purl, package.database)),
        group: split.map(|(group, _)| group),
        name: split.map_or(&package.name, |(_, name)| name),
        version: Some(&package.version),
        licenses: licenses(&package.licences),
        purl: Some(&package.purl),
        properties,
        ..Component::default()
    }
}

/// One expression, or a list of named licences: the format has no lists of expressions.
fn licenses(licences: &[String]) -> Vec<License<'_>> {
    if let [one] = licences
        && LicenceForm::of(one) == LicenceForm::Expression
    {
        return vec![License::Expression(one)];
    }
    let named = |licence: &'_ str| LicenceForm::of(licence) == LicenceForm::Identifier;
    licences
        .iter()
        .map(|licence| License::License(if named(licence) { Named::Id(licence) } else { Named::Name(licence) }))
        .collect()
}
