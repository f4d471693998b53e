//! Connections: how many, from whom, how long they may stay silent, and how they are cut off.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::{Connected, TcpConnectInfo};

use super::ended::{self, LastWords};
use crate::config::Limits;

/// The bytes every HTTP/2 connection begins with (RFC 9113 §3.4); a peer that sent fewer has not begun.
const PREFACE: usize = 24;

/// After a failed accept, mostly for want of file descriptors: trying again at once would only burn a core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How connections end that do not end by themselves.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    /// The door closes: connections that never began go at once (hyper #4170: they would hold up a graceful shutdown for ever).
    pub closing: CancellationToken,
    /// Time is over: all go.
    pub hard: CancellationToken,
}

/// Accepted connections, as tonic wants them.
pub(crate) fn connections(
    listener: TcpListener,
    limits: &Limits,
    cut: Cut,
) -> impl Stream<Item = io::Result<Connection>> + Send + use<> {
    let door = Door {
        listener,
        seats: Seats { total: limits.connections, per_peer: limits.connections_per_peer, taken: Arc::default() },
        handshake: limits.handshake.get(),
        cut,
    };
    futures_util::stream::unfold(door, |door| async move {
        let connection = door.next().await;
        Some((Ok(connection), door))
    })
}

struct Door {
    listener: TcpListener,
    seats: Seats,
    handshake: Duration,
    cut: Cut,
}

impl Door {
    async fn next(&self) -> Connection {
        loop {
            match self.listener.accept().await {
                // A peer without a seat is dropped: its client sees a closed connection and tries elsewhere.
                Ok((stream, peer)) => match self.seats.take(peer.ip()) {
                    Some(seat) => {
                        return Connection::new(stream, peer, seat, self.handshake, &self.cut);
                    }
                    None => {
                        ended::note("too_many");
                        tracing::debug!(peer = %peer.ip(), "too many connections");
                    }
                },
                Err(error) => {
                    tracing::warn!(%error, "cannot accept");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// How many connections each peer has.
#[derive(Clone, Debug)]
struct Seats {
    total: usize,
    per_peer: usize,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Seats {
    // Nothing panics while it holds the lock, and counts would be whole even then.
    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, peer: IpAddr) -> Option<Seat> {
        let mut taken = self.taken();
        if taken.values().sum::<usize>() >= self.total {
            return None;
        }
        let of_peer = taken.entry(peer).or_default();
        if *of_peer >= self.per_peer {
            return None;
        }
        *of_peer += 1;
        drop(taken);
        Some(Seat { peer, seats: self.clone() })
    }
}

/// One connection's place, given back when dropped.
#[derive(Debug)]
struct Seat {
    peer: IpAddr,
    seats: Seats,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        if let Some(count) = taken.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.peer);
            }
        }
    }
}

/// A connection that can be cut.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    unproven: Option<Unproven>,
    last_words: LastWords,
    hard: Pin<Box<WaitForCancellationFutureOwned>>,
    _seat: Seat,
}

/// A connection that has not yet said that it speaks HTTP/2.
#[derive(Debug)]
struct Unproven {
    read: usize,
    patience: Pin<Box<Sleep>>,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Connection {
    fn new(stream: TcpStream, peer: SocketAddr, seat: Seat, handshake: Duration, cut: &Cut) -> Self {
        // Small answers must not wait for more (Nagle); if the socket refuses, it is merely slower.
        let _ = stream.set_nodelay(true);
        let unproven = Unproven {
            read: 0,
            patience: Box::pin(tokio::time::sleep(handshake)),
            closing: Box::pin(cut.closing.clone().cancelled_owned()),
        };
        let hard = Box::pin(cut.hard.clone().cancelled_owned());
        Self { stream, peer, unproven: Some(unproven), last_words: LastWords::default(), hard, _seat: seat }
    }

    fn is_cut(&mut self, context: &mut Context<'_>) -> bool {
        let unproven = self.unproven.as_mut().is_some_and(|unproven| {
            unproven.patience.as_mut().poll(context).is_ready() || unproven.closing.as_mut().poll(context).is_ready()
        });
        unproven || self.hard.as_mut().poll(context).is_ready()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        match (&self.unproven, self.last_words.reason()) {
            (Some(_), _) => ended::note("never_began"),
            (None, Some(reason)) => ended::note(reason),
            (None, None) => {}
        }
    }
}

fn cut_off<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_cut(context) {
            return cut_off();
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Some(unproven) = &mut self.unproven {
            unproven.read += buffer.filled().len() - before;
            if unproven.read >= PREFACE {
                self.unproven = None;
            }
        }
        polled
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_cut(context) {
            return cut_off();
        }
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = polled {
            self.last_words.hear(&bytes[..written]);
        }
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.is_cut(context) {
            return cut_off();
        }
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        if let Poll::Ready(Ok(mut left)) = polled {
            for slice in slices {
                let written = left.min(slice.len());
                self.last_words.hear(&slice[..written]);
                left -= written;
            }
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_cut(context) {
            return cut_off();
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        TcpConnectInfo { local_addr: self.stream.local_addr().ok(), remote_addr: Some(self.peer) }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn seats_are_limited_in_total_and_per_peer_and_given_back() {
        let seats = Seats { total: 3, per_peer: 2, taken: Arc::default() };
        let peer = |last| IpAddr::from(Ipv4Addr::new(127, 0, 0, last));
        let first = seats.take(peer(1)).expect("free");
        let _second = seats.take(peer(1)).expect("free");
        assert!(seats.take(peer(1)).is_none(), "one peer's share");
        let _third = seats.take(peer(2)).expect("free");
        assert!(seats.take(peer(3)).is_none(), "all taken");
        drop(first);
        assert!(seats.take(peer(3)).is_some());
        assert_eq!(seats.taken().len(), 2, "a peer without a connection is forgotten");
    }
}
