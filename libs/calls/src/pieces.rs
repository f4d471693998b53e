//! Content in pieces: what is larger than one message may be goes as a stream.

use futures_util::stream::{self, Iter};
use prost::bytes::Bytes;
use tonic::Status;

/// The most bytes of one piece. A client takes at least this much in one message, whatever its settings.
const PIECE: usize = 262_144;

/// A response that carries content piece by piece.
pub type Pieces<M> = Iter<Cutting<M>>;

/// Cuts content into messages while the caller reads.
#[derive(Debug)]
pub struct Cutting<M> {
    rest: Bytes,
    wrap: fn(Bytes) -> M,
}

/// Gives content as messages of at most 262,144 bytes each; none when there is no content.
pub fn in_pieces<M>(content: Bytes, wrap: fn(Bytes) -> M) -> Pieces<M> {
    stream::iter(Cutting { rest: content, wrap })
}

impl<M> Iterator for Cutting<M> {
    type Item = Result<M, Status>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        Some(Ok((self.wrap)(piece)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(size: usize) -> Vec<usize> {
        let cutting = Cutting { rest: vec![7; size].into(), wrap: |piece| piece };
        cutting.map(|piece| piece.expect("a piece").len()).collect()
    }

    #[test]
    fn nothing_is_lost_and_no_piece_is_too_large() {
        assert_eq!(lengths(0), Vec::<usize>::new());
        assert_eq!(lengths(1), [1]);
        assert_eq!(lengths(PIECE), [PIECE]);
        assert_eq!(lengths(2 * PIECE + 1), [PIECE, PIECE, 1]);
    }
}
