//! One log line per peer and minute, in bounded memory.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const MINUTE: Duration = Duration::from_secs(60);
/// Peers told apart; beyond them, all share one line.
const MAX_PEERS: usize = 1024;

/// Says when a line about a peer is due.
#[derive(Debug, Default)]
pub struct OncePerMinute(Mutex<HashMap<Option<IpAddr>, Line>>);

#[derive(Debug)]
struct Line {
    written: Instant,
    unlogged: u64,
}

impl OncePerMinute {
    /// Whether a line for `peer` is due, and how many were left out since the last.
    pub fn due(&self, peer: Option<IpAddr>, now: Instant) -> Option<u64> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= MAX_PEERS && !lines.contains_key(&peer) {
            lines.retain(|_, line| now.saturating_duration_since(line.written) < MINUTE);
        }
        let peer = if lines.len() >= MAX_PEERS && !lines.contains_key(&peer) { None } else { peer };
        match lines.get_mut(&peer) {
            Some(line) if now.saturating_duration_since(line.written) < MINUTE => {
                line.unlogged += 1;
                None
            }
            Some(line) => {
                line.written = now;
                Some(std::mem::take(&mut line.unlogged))
            }
            None => {
                lines.insert(peer, Line { written: now, unlogged: 0 });
                Some(0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn peer(number: u32) -> Option<IpAddr> {
        Some(Ipv4Addr::from(number).into())
    }

    #[test]
    fn one_line_a_minute_says_how_many_were_left_out() {
        let (lines, start) = (OncePerMinute::default(), ehub_clock::Clock::system().monotonic());
        assert_eq!(lines.due(peer(1), start), Some(0));
        assert_eq!(lines.due(peer(1), start + MINUTE / 2), None);
        assert_eq!(lines.due(peer(2), start), Some(0));
        assert_eq!(lines.due(peer(1), start + MINUTE), Some(1));
        assert_eq!(lines.due(peer(1), start + MINUTE * 2), Some(0));
    }

    #[test]
    fn a_flood_of_peers_shares_one_line_and_old_peers_make_room() {
        let (lines, start) = (OncePerMinute::default(), ehub_clock::Clock::system().monotonic());
        let written = (0..5000).filter(|number| lines.due(peer(*number), start).is_some()).count();
        assert_eq!(written, MAX_PEERS + 1);
        assert_eq!(lines.0.lock().unwrap().len(), MAX_PEERS + 1);
        assert_eq!(lines.due(peer(9999), start + MINUTE), Some(0));
        assert_eq!(lines.0.lock().unwrap().len(), 1);
    }
}
