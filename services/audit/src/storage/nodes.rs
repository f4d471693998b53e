//! `audit.node`: hashes of complete subtrees.

use ehub_postgres::{StorageError, Tx};

use crate::tree::{Hash, NodeId, Nodes};

const BAD: StorageError = StorageError::Inconsistent { table: "audit.node", what: "a node" };

/// Reads nodes; those that are not there are left out.
pub async fn read(tx: &mut Tx, ids: &[NodeId]) -> Result<Nodes, StorageError> {
    let (levels, places) = columns(ids.iter())?;
    let rows: Vec<(i16, i64, Vec<u8>)> = sqlx::query_as(
        "/* nodes.read */ select n.level, n.place, n.hash from unnest($1::smallint[], $2::bigint[]) w(level, place) \
           join audit.node n on n.level = w.level and n.place = w.place",
    )
    .bind(&levels)
    .bind(&places)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|(level, place, hash)| {
            let id =
                NodeId { level: u8::try_from(level).map_err(|_| BAD)?, place: u64::try_from(place).map_err(|_| BAD)? };
            Ok((id, Hash::try_from(hash).map_err(|_| BAD)?))
        })
        .collect()
}

/// Writes nodes; one that is there already is an error.
pub async fn insert(tx: &mut Tx, nodes: &[(NodeId, Hash)]) -> Result<(), StorageError> {
    let (levels, places) = columns(nodes.iter().map(|(id, _)| id))?;
    let hashes: Vec<Vec<u8>> = nodes.iter().map(|(_, hash)| hash.to_vec()).collect();
    sqlx::query(
        "/* nodes.insert */ insert into audit.node (level, place, hash) \
         select * from unnest($1::smallint[], $2::bigint[], $3::bytea[])",
    )
    .bind(&levels)
    .bind(&places)
    .bind(&hashes)
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn columns<'a>(ids: impl Iterator<Item = &'a NodeId>) -> Result<(Vec<i16>, Vec<i64>), StorageError> {
    let mut columns = (Vec::new(), Vec::new());
    for id in ids {
        columns.0.push(i16::from(id.level));
        columns.1.push(i64::try_from(id.place).map_err(|_| BAD)?);
    }
    Ok(columns)
}
