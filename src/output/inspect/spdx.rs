//! Packages as an SPDX 2.3 document in JSON, <https://spdx.github.io/spdx-spec/v2.3/>. The same image gives the same bytes:
//! the document is named after the image's digest, and dated by it unless a time is given.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use crate::check::Inspection;
use crate::packages::{LicenceForm, Package};

/// What is not said.
const NO_ASSERTION: &str = "NOASSERTION";
/// The document, and the image it describes.
const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const IMAGE: &str = "SPDXRef-Image";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: &'a str,
    document_namespace: String,
    creation_info: CreationInfo,
    packages: Vec<Element<'a>>,
    relationships: Vec<Relationship>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<ExtractedLicence<'a>>,
}

#[derive(Serialize)]
struct CreationInfo {
    created: String,
    creators: [String; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Element<'a> {
    #[serde(rename = "SPDXID")]
    id: String,
    name: &'a str,
    version_info: &'a str,
    download_location: &'static str,
    files_analyzed: bool,
    license_concluded: &'static str,
    license_declared: String,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    primary_package_purpose: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef<'a> {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: &'static str,
    relationship_type: &'static str,
    related_spdx_element: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExtractedLicence<'a> {
    license_id: String,
    extracted_text: &'a str,
    name: &'a str,
}

pub(super) fn write(inspection: &Inspection, time: Option<String>, out: &mut dyn Write) -> io::Result<()> {
    let image = &inspection.image;
    let list = &inspection.packages.list;
    // Licences outside the SPDX list get a name of the document's own.
    let words = list.iter().flat_map(|package| &package.licences).filter(|l| LicenceForm::of(l) == LicenceForm::Words);
    let mut references: BTreeMap<&str, String> = words.map(|licence| (licence.as_str(), String::new())).collect();
    for (reference, number) in references.values_mut().zip(1..) {
        *reference = format!("LicenseRef-{number}");
    }
    let mut packages = vec![Element {
        id: IMAGE.to_owned(),
        name: super::name(inspection),
        version_info: &image.id,
        primary_package_purpose: "CONTAINER",
        ..element()
    }];
    packages.extend(list.iter().zip(1..).map(|(package, number)| describe(package, number, &references)));
    let contained = packages.iter().skip(1).map(|package| Relationship {
        spdx_element_id: IMAGE,
        relationship_type: "CONTAINS",
        related_spdx_element: package.id.clone(),
    });
    let described = Relationship {
        spdx_element_id: DOCUMENT,
        relationship_type: "DESCRIBES",
        related_spdx_element: IMAGE.to_owned(),
    };
    let digest = image.id.strip_prefix("sha256:").unwrap_or(&image.id);
    let document = Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name: super::name(inspection),
        document_namespace: format!("https://spdx.org/spdxdocs/{}-{digest}", env!("CARGO_PKG_NAME")),
        creation_info: CreationInfo {
            created: time.or_else(|| super::created(inspection)).unwrap_or_else(|| super::timestamp(0)),
            creators: [format!("Tool: {}-{}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))],
        },
        relationships: std::iter::once(described).chain(contained).collect(),
        packages,
        has_extracted_licensing_infos: references
            .into_iter()
            .map(|(text, license_id)| ExtractedLicence { license_id, extracted_text: text, name: text })
            .collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// An element of which nothing is said.
fn element<'a>() -> Element<'a> {
    Element {
        id: String::new(),
        name: "",
        version_info: "",
        download_location: NO_ASSERTION,
        files_analyzed: false,
        license_concluded: NO_ASSERTION,
        license_declared: NO_ASSERTION.to_owned(),
        copyright_text: NO_ASSERTION,
        source_info: None,
        primary_package_purpose: "LIBRARY",
        external_refs: Vec::new(),
    }
}

fn describe<'a>(package: &'a Package, number: usize, references: &BTreeMap<&str, String>) -> Element<'a> {
    Element {
        id: format!("SPDXRef-Package-{number}"),
        name: &package.name,
        version_info: &package.version,
        license_declared: declared(&package.licences, references),
        source_info: Some(format!("read from {} in layer {}", package.database, package.layer + 1)),
        external_refs: vec![ExternalRef {
            reference_category: "PACKAGE-MANAGER",
            reference_type: "purl",
            reference_locator: &package.purl,
        }],
        ..element()
    }
}

/// All licences of a package hold at once.
fn declared(licences: &[String], references: &BTreeMap<&str, String>) -> String {
    let is_alone = licences.len() == 1;
    let operands = licences.iter().map(|licence| match references.get(licence.as_str()) {
        Some(reference) => reference.clone(),
        None if !is_alone && licence.contains(' ') => format!("({licence})"),
        None => licence.clone(),
    });
    let expression = operands.collect::<Vec<_>>().join(" AND ");
    if expression.is_empty() { NO_ASSERTION.to_owned() } else { expression }
}
