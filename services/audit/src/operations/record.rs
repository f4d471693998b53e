//! Logs an event and folds what it says. Runs inside the transaction of its delivery.

use ehub_identifiers::ConsultationId;
use ehub_postgres::{StorageError, Tx};

use crate::{
    domain::{
        fact::Fact,
        heard::Heard,
        root::{ItemState, item_state, joined_state},
    },
    storage::{deliverables, episodes, log, messages, roots},
};

/// Applies an event once; one that is in the log already changes nothing.
pub async fn record(tx: &mut Tx, heard: &Heard) -> Result<(), StorageError> {
    if log::insert(tx, heard).await? == log::Seen::Before {
        return Ok(());
    }
    match &heard.fact {
        Fact::Quarantined(message) => messages::quarantined(tx, *message, heard.at).await?,
        Fact::Rejected(message) => messages::rejected(tx, *message, heard.at).await?,
        _ => {}
    }
    let Some(consultation) = heard.streaming() else { return Ok(()) };
    fold_things(tx, consultation, heard).await?;
    fold_episode(tx, consultation, heard).await?;
    fold_root(tx, consultation, heard).await
}

async fn fold_things(tx: &mut Tx, consultation: ConsultationId, heard: &Heard) -> Result<(), StorageError> {
    match &heard.fact {
        Fact::Stands { name, state } => deliverables::stands(tx, consultation, name, state, heard.at).await,
        Fact::TaskRaised { subject, kind } => deliverables::task(tx, consultation, subject, kind, heard.at).await,
        Fact::Completed(completed) => {
            deliverables::manifest(tx, consultation, completed.episode, &completed.manifest).await
        }
        Fact::Accepted(accepted) => match accepted.quarantined {
            // The message's own event may still be on its way: its stream is another one.
            Some(message) => messages::quarantined(tx, message, heard.at).await,
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

async fn fold_episode(tx: &mut Tx, consultation: ConsultationId, heard: &Heard) -> Result<(), StorageError> {
    let (episode, mut known) = episodes::take(tx, consultation, heard.fact.episode()).await?;
    known.fold(&heard.fact, heard.at);
    episodes::put(tx, consultation, episode, &known).await?;
    if matches!(heard.fact, Fact::Accepted(_)) {
        episodes::spread_practice(tx, consultation, &known).await?;
        episodes::place_practices(tx).await?;
    }
    Ok(())
}

/// Keeps the source's root as the source itself would tell it.
async fn fold_root(tx: &mut Tx, consultation: ConsultationId, heard: &Heard) -> Result<(), StorageError> {
    let source = heard.source.as_str();
    let state = match (source, &heard.fact) {
        ("intake", Fact::Accepted(_)) => Some("ACCEPTED".to_owned()),
        ("allocation", fact) => {
            let before = roots::state(tx, source, consultation).await?;
            let before = before.as_deref().and_then(ItemState::parse);
            item_state(before, fact).map(|state| state.as_str().to_owned())
        }
        ("writeback", Fact::Stands { .. }) => Some(joined(tx, consultation, "entries/").await?),
        ("prescribing", Fact::Stands { .. }) => Some(joined(tx, consultation, "prescriptions/").await?),
        _ => None,
    };
    roots::put(tx, source, consultation, heard.version, state.as_deref()).await
}

async fn joined(tx: &mut Tx, consultation: ConsultationId, collection: &str) -> Result<String, StorageError> {
    let things = deliverables::of(tx, consultation, collection).await?;
    Ok(joined_state(things.iter().map(|(name, state)| (name.as_str(), state.as_str()))))
}
