//! Spreading calls over the replicas behind a name. tonic looks a name up once per connection; new replicas would stay idle.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use http::Uri;
use tokio::sync::mpsc::Sender;
use tonic::transport::channel::Change;
use tonic::transport::{Channel, Endpoint};

/// Between two look-ups.
const EVERY: Duration = Duration::from_secs(5);

/// Changes that may wait for the balancer.
const CAPACITY: usize = 64;

/// A channel over all addresses of the host, now and later. Its task ends with the channel.
pub(super) fn channel(uri: &Uri) -> Channel {
    let (channel, changes) = Channel::balance_channel(CAPACITY);
    tokio::spawn(follow(uri.clone(), changes));
    channel
}

async fn follow(uri: Uri, changes: Sender<Change<SocketAddr, Endpoint>>) {
    let host = format!("{}:{}", uri.host().unwrap_or_default(), uri.port_u16().unwrap_or_default());
    let mut known = HashSet::new();
    while !changes.is_closed() {
        match tokio::net::lookup_host(&host).await {
            Ok(found) => {
                let found: HashSet<SocketAddr> = found.collect();
                for change in difference(&known, &found, &uri) {
                    if changes.send(change).await.is_err() {
                        return;
                    }
                }
                known = found;
            }
            // What was found before stays in use: a name server in trouble is no reason to hang up.
            Err(error) => tracing::warn!(%error, "cannot look up the replicas"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn difference(
    known: &HashSet<SocketAddr>,
    found: &HashSet<SocketAddr>,
    uri: &Uri,
) -> Vec<Change<SocketAddr, Endpoint>> {
    let gone = known.difference(found).map(|address| Change::Remove(*address));
    let new = found.difference(known).filter_map(|address| {
        let at: Uri = format!("http://{address}").parse().ok()?;
        // The name stays the authority: the other end may route or log by it.
        Some(Change::Insert(*address, super::endpoint(at).origin(uri.clone())))
    });
    new.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_differences_are_sent() {
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let (known, found) = (HashSet::from([address(1), address(2)]), HashSet::from([address(2), address(3)]));
        let changes = difference(&known, &found, &Uri::from_static("http://name:1"));
        assert_eq!(changes.len(), 2);
        assert!(matches!(changes[0], Change::Insert(at, _) if at == address(3)));
        assert!(matches!(changes[1], Change::Remove(at) if at == address(1)));
    }
}
