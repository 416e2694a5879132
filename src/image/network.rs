//! The thread that speaks to registries and engines. The rest of the room is synchronous: it waits for an answer, or reads a
//! body as it comes, with no more of it in memory than a few runs of bytes.

use std::future::Future;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::{Arc, mpsc as blocking};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};

/// Runs of bytes that wait for their reader; what comes after them waits in the socket.
const WAITING: usize = 8;

/// The thread; it ends when nobody holds it any more.
#[derive(Debug)]
pub(super) struct Network {
    handle: Handle,
    _until_dropped: oneshot::Sender<()>,
}

/// Work that ends in bytes having been sent.
type Work = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;
/// What starts it.
type Start = Box<dyn FnOnce(Sink) -> Work + Send>;

/// Where a body's bytes go.
#[derive(Debug)]
pub(super) struct Sink(mpsc::Sender<Message>);

#[derive(Debug)]
enum Message {
    Bytes(Vec<u8>),
    /// All was sent. Without it the body was cut off.
    End,
    Failed(io::Error),
}

/// Nobody reads any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unread;

/// A body, fetched from the first read on.
pub(super) struct Body {
    network: Arc<Network>,
    start: Option<Start>,
    messages: Option<mpsc::Receiver<Message>>,
    run: Vec<u8>,
    at: usize,
    is_over: bool,
}

impl Network {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Arc<Self>> {
        crate::http::install_cryptography();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (until_dropped, dropped) = oneshot::channel();
        thread::Builder::new().name("network".to_owned()).spawn(move || {
            // An error is the sender's end.
            let _ = runtime.block_on(dropped);
        })?;
        Ok(Arc::new(Self { handle, _until_dropped: until_dropped }))
    }

    /// Does some work there and waits for what comes of it.
    pub(super) fn wait<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> io::Result<T> {
        let (tell, told) = blocking::sync_channel(1);
        self.handle.spawn(async move {
            // Somebody waits for it, unless they have panicked.
            let _ = tell.send(work.await);
        });
        told.recv().map_err(|_| io::Error::other("the network thread has ended"))
    }

    /// A body that `start` will fetch when it is read.
    pub(super) fn body<F>(self: &Arc<Self>, start: impl FnOnce(Sink) -> F + Send + 'static) -> Body
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let start: Start = Box::new(|sink| Box::pin(start(sink)));
        let network = Arc::clone(self);
        Body { network, start: Some(start), messages: None, run: Vec::new(), at: 0, is_over: false }
    }
}

impl Sink {
    /// Sends bytes, when there is room for them.
    pub(super) async fn send(&self, bytes: &[u8]) -> Result<(), Unread> {
        self.0.send(Message::Bytes(bytes.to_vec())).await.map_err(|_| Unread)
    }
}

impl Body {
    fn messages(&mut self) -> Option<&mut mpsc::Receiver<Message>> {
        if let Some(start) = self.start.take() {
            let (send, receive) = mpsc::channel(WAITING);
            let end = send.clone();
            self.network.handle.spawn(async move {
                let message = match start(Sink(send)).await {
                    Ok(()) => Message::End,
                    Err(error) => Message::Failed(error),
                };
                // Nobody has to read to the end.
                let _ = end.send(message).await;
            });
            self.messages = Some(receive);
        }
        self.messages.as_mut()
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.run.len() {
            if self.is_over {
                return Ok(0);
            }
            match self.messages().and_then(mpsc::Receiver::blocking_recv) {
                Some(Message::Bytes(bytes)) => (self.run, self.at) = (bytes, 0),
                Some(Message::End) => self.is_over = true,
                Some(Message::Failed(error)) => return Err(error),
                None => return Err(io::Error::other("the network thread has ended")),
            }
        }
        let rest = self.run.get(self.at..).unwrap_or_default();
        let size = rest.len().min(buffer.len());
        buffer[..size].copy_from_slice(&rest[..size]);
        self.at += size;
        Ok(size)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_body_is_fetched_when_it_is_read_and_no_faster() {
        let network = Network::start().unwrap();
        let sent = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&sent);
        let mut body = network.body(|sink| async move {
            for run in 0..100_u8 {
                if sink.send(&[run; 10]).await.is_err() {
                    break;
                }
                counter.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        });
        assert_eq!((network.wait(async { 7 }).unwrap(), sent.load(Ordering::SeqCst)), (7, 0));
        let mut first = [9; 1];
        body.read_exact(&mut first).unwrap();
        network.wait(tokio::task::yield_now()).unwrap();
        assert!(first == [0] && sent.load(Ordering::SeqCst) <= WAITING + 1);
        let mut rest = Vec::new();
        body.read_to_end(&mut rest).unwrap();
        assert_eq!((rest.len(), rest.last()), (999, Some(&99)));
    }

    #[test]
    fn a_body_that_breaks_off_is_no_end() {
        let network = Network::start().unwrap();
        let mut failed = network.body(|sink| async move {
            let _ = sink.send(b"some").await;
            Err(io::Error::other("reset"))
        });
        let mut text = String::new();
        assert_eq!(failed.read_to_string(&mut text).unwrap_err().to_string(), "reset");
        let mut panicked = network.body(|_| async { panic!("a broken client") });
        assert!(panicked.read(&mut [0]).is_err());
        assert_eq!(network.wait(async { 1 }).unwrap(), 1);
    }
}
