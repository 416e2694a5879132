//! The Docker archive an engine sends: read in one pass, though its manifest comes last and its layers in any order.
//!
//! Every member that may be a layer is read as one when it comes by, and gets its place when the manifest is known. What
//! is small and no tar is kept, for the documents are among it. A layer that the cache has is hashed and not looked through.

use std::collections::HashMap;
use std::io::{self, BufReader, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::docker;
use super::engine::Engine;
use super::entries::{Entries, MemberKind, Skip, TarError};
use super::error::ImageError;
use super::holder::Blob;
use super::job::{Job, OverBudget};
use super::layer::{Expected, ReadLayer};
use super::layers::{self, ReadOne};
use super::limits::{MAX_DOCUMENT, MAX_MEMBER_LINKS, MAX_MEMBERS};
use super::model::{Layer, Problem};
use super::names;
use super::network::Body;
use super::source::{Plan, Progress};
use super::store::{Section, is_document, link_target};
use super::stream::{CHUNK, Compression};
use super::streamed::Streamed;

/// Bytes of documents that are kept together.
const MAX_DOCUMENTS: u64 = 64 << 20;
/// Bytes a member is known by: a header of a tar.
const HEAD: usize = 512;

/// What came out of a stream.
#[derive(Default)]
struct Seen {
    documents: HashMap<String, Vec<u8>>,
    document_bytes: u64,
    layers: HashMap<String, ReadLayer>,
    links: HashMap<String, String>,
    /// Layers that were looked through, by name.
    fresh: Vec<String>,
    members: usize,
    remarks: Vec<String>,
    /// A member was not the layer it was thought to be, and went by without being looked through.
    is_mistaken: bool,
}

type Stream = Arc<Mutex<Entries<BufReader<Body>>>>;

/// Reads the image an engine exports: what its manifest says of it, and its layers, which have no place yet. `None` when one was
/// not the layer it was thought to be, and the image has to be exported once more, without what was thought (`streamed`).
pub(super) fn read(
    engine: &Engine,
    body: Body,
    job: &Job<'_>,
    streamed: Option<&Streamed<'_>>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Option<(Plan, Placed)>, ImageError> {
    let place = engine.place();
    let stream = Arc::new(Mutex::new(Entries::new(BufReader::with_capacity(CHUNK, body))));
    // How many layers there are is not known before they have gone by.
    progress(Progress::Start { layers: 0, bytes: engine.told.size });
    let bytes = |bytes| progress(Progress::Bytes(bytes));
    let export = Export { place: &place, stream, job, streamed, seen: &bytes };
    let read = layers::read_stream(job, &bytes, |read_layer| {
        let mut seen = Seen::default();
        while seen.next(&export, read_layer)? {}
        if seen.is_mistaken {
            return Ok(None);
        }
        let document = |name: &str| Ok(seen.find(&seen.documents, name).cloned());
        let plan = docker::plan(&place, &document, &seen.remarks, None)?;
        let mut layers = Vec::with_capacity(plan.layers.len());
        for blob in &plan.layers {
            layers.push((blob.clone(), seen.layer(&place, &blob.name, read_layer)?));
        }
        Ok(Some((plan, Placed { layers }, seen)))
    });
    let failed = || {
        Err(ImageError::Remote {
            place: engine.place(),
            reason: "its archive could not be read".to_owned(),
            hint: None,
        })
    };
    let Some((plan, placed, seen)) = read.unwrap_or_else(failed)? else { return Ok(None) };
    if let Some(streamed) = streamed.filter(|_| !seen.fresh.is_empty()) {
        for (name, read) in seen.fresh.iter().filter_map(|name| Some((name, seen.layers.get(name)?))) {
            streamed.keep(name, read, job);
        }
        streamed.cache.tidy();
    }
    Ok(Some((plan, placed)))
}

/// An export as it is read.
struct Export<'a> {
    place: &'a str,
    stream: Stream,
    job: &'a Job<'a>,
    streamed: Option<&'a Streamed<'a>>,
    seen: &'a (dyn Fn(u64) + Sync),
}

/// The layers of a manifest, lowest first; `None` where the stream had none of that name.
pub(super) struct Placed {
    layers: Vec<(Blob, Option<ReadLayer>)>,
}

impl Placed {
    /// The layers, compared with the diff ids of the config.
    pub(super) fn compared(self, diff_ids: &[String]) -> Vec<(Layer, Vec<Problem>)> {
        let placed = |(index, (blob, read)): (usize, (Blob, Option<ReadLayer>))| {
            let expected = Expected { index, diff_id: diff_ids.get(index).cloned(), blob: blob.digest };
            let read = read.unwrap_or_else(|| layers::absent(&blob.name));
            let (layer, problems) = read.placed(&expected);
            (Layer { blob: blob.name, ..layer }, problems)
        };
        self.layers.into_iter().enumerate().map(placed).collect()
    }
}

impl Seen {
    /// Takes in the next member; tells whether there was one.
    fn next(&mut self, export: &Export<'_>, read_layer: &mut ReadOne<'_>) -> Result<bool, ImageError> {
        let Export { place, stream, job, streamed, seen } = export;
        let limit = |what: String| ImageError::Limit { place: (*place).to_owned(), what };
        let broken = |e: TarError| ImageError::Remote {
            place: (*place).to_owned(),
            reason: format!("the archive the engine sends is damaged: {e}"),
            hint: None,
        };
        let Some(member) = lock(stream).next().map_err(broken)? else { return Ok(false) };
        self.members += 1;
        if self.members > MAX_MEMBERS {
            return Err(limit(format!("the archive has more than {MAX_MEMBERS} members")));
        }
        let Ok(name) = names::normalise(&member.name) else { return Ok(true) };
        if matches!(member.kind, MemberKind::Symlink | MemberKind::Hardlink) {
            self.links.extend(link_target(&member, &name).map(|target| (name, target)));
            return Ok(true);
        }
        if member.kind != MemberKind::File || member.sparse.is_some() {
            return Ok(true);
        }
        let mut head = Vec::new();
        lock(stream).data().take(HEAD as u64).read_to_end(&mut head).map_err(|e| broken(e.into()))?;
        if is_layer(&head) || member.stored > MAX_DOCUMENT {
            let source = io::Cursor::new(head).chain(MemberData(Arc::clone(stream)));
            let section = Section::new(member.stored, source);
            let thought = streamed.and_then(|streamed| streamed.thought(&name, job));
            let is_thought = thought.is_some();
            let read = match thought {
                Some(thought) => {
                    let Some(read) = thought.verified(section, *seen) else {
                        self.is_mistaken = true;
                        return Ok(false);
                    };
                    job.charge_layer(&read.layer).map(|()| read)
                }
                None => read_layer(section),
            };
            if !is_thought {
                self.fresh.push(name.clone());
            }
            self.layers.insert(name, read.map_err(|OverBudget(what)| limit(what))?);
            return Ok(true);
        }
        self.document_bytes += member.stored;
        if self.document_bytes > MAX_DOCUMENTS {
            return Err(limit(format!("the archive has more than {MAX_DOCUMENTS} bytes of documents")));
        }
        lock(stream).data().read_to_end(&mut head).map_err(|e| broken(e.into()))?;
        if self.documents.insert(name.clone(), head).is_some() && is_document(&name) {
            self.remarks.push(format!("the archive has several members named {name}; the last was read"));
        }
        Ok(true)
    }
}

impl Seen {
    /// What a name stands for, through links.
    fn find<'s, T>(&self, among: &'s HashMap<String, T>, name: &str) -> Option<&'s T> {
        let mut name = names::normalise(name.as_bytes()).ok()?;
        for _ in 0..MAX_MEMBER_LINKS {
            if let Some(found) = among.get(&name) {
                return Some(found);
            }
            name.clone_from(self.links.get(&name)?);
        }
        None
    }

    /// The layer of a name. One that does not look like a layer was kept as it is, and is read now.
    fn layer(
        &mut self,
        place: &str,
        name: &str,
        read_layer: &mut ReadOne<'_>,
    ) -> Result<Option<ReadLayer>, ImageError> {
        if let Some(read) = self.find(&self.layers, name) {
            return Ok(Some(read.clone()));
        }
        let Some(kept) = self.find(&self.documents, name).cloned() else { return Ok(None) };
        let section = Section::new(kept.len() as u64, io::Cursor::new(kept));
        let read = read_layer(section);
        let limit = |OverBudget(what)| ImageError::Limit { place: place.to_owned(), what };
        read.map(Some).map_err(limit)
    }
}

/// Whether a member that starts like this is a layer: a tar, or something compressed.
fn is_layer(head: &[u8]) -> bool {
    Compression::of(head) != Compression::Plain || head.get(257..262) == Some(b"ustar")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The rest of the current member's data.
struct MemberData(Stream);

impl Read for MemberData {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        lock(&self.0).data().read(buffer)
    }
}

impl Skip for BufReader<Body> {
    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let passed = io::copy(&mut self.take(bytes), &mut io::sink())?;
        if passed < bytes { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}
