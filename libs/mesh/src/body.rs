//! Reading answers within a size, and gzip.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use reqwest::Response;

use crate::error::MeshError;

/// The body, at most `limit` bytes of it.
pub(crate) async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, MeshError> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(MeshError::TooLarge { limit });
    }
    let mut body = Vec::with_capacity(announced.unwrap_or_default());
    while let Some(part) = response.chunk().await.map_err(MeshError::transport)? {
        if body.len() + part.len() > limit {
            return Err(MeshError::TooLarge { limit });
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// Decompresses off the runtime's threads, and stops at `limit` bytes however small the input was. What is not gzip, or
/// breaks off, stays as it came: it is for whoever reads it, and must not stay in the inbox for ever.
pub(crate) async fn gunzip(compressed: Vec<u8>, limit: usize) -> Result<Vec<u8>, MeshError> {
    let failed = MeshError::Protocol { what: "the content cannot be decompressed" };
    tokio::task::spawn_blocking(move || {
        let mut body = Vec::new();
        let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let read = MultiGzDecoder::new(compressed.as_slice()).take(bound).read_to_end(&mut body);
        match read {
            Ok(_) if body.len() > limit => Err(MeshError::TooLarge { limit }),
            Ok(_) => Ok(body),
            Err(_) => Ok(compressed),
        }
    })
    .await
    .unwrap_or(Err(failed))
}

/// Compresses off the runtime's threads. The header carries no time, so equal input gives equal bytes.
pub(crate) async fn gzip(plain: Vec<u8>) -> Result<Vec<u8>, MeshError> {
    let failed = || MeshError::Protocol { what: "the content cannot be compressed" };
    tokio::task::spawn_blocking(move || {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&plain)?;
        encoder.finish()
    })
    .await
    .map_err(|_| failed())?
    .map_err(|_: std::io::Error| failed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_compressed_bomb_is_stopped() {
        let bomb = gzip(vec![0; 1_000_000]).await.unwrap();
        assert!(bomb.len() < 5_000);
        assert!(matches!(gunzip(bomb.clone(), 999_999).await, Err(MeshError::TooLarge { limit: 999_999 })));
        assert_eq!(gunzip(bomb, 1_000_000).await.unwrap().len(), 1_000_000);
    }

    #[tokio::test]
    async fn content_that_is_not_gzip_stays_as_it_came() {
        let whole = gzip(b"abc".to_vec()).await.unwrap();
        for broken in [b"plain".to_vec(), whole[..whole.len() / 2].to_vec()] {
            assert_eq!(gunzip(broken.clone(), 100).await.unwrap(), broken);
        }
    }

    #[tokio::test]
    async fn equal_input_compresses_to_equal_bytes() {
        assert_eq!(gzip(b"abc".to_vec()).await.unwrap(), gzip(b"abc".to_vec()).await.unwrap());
    }
}
