//! What every command needs: the running suite, who calls, and what earlier commands left.

use std::path::PathBuf;

use anyhow::Context as _;
use ehub_clock::Clock;
use ehub_identifiers::{ConsultationId, Reference};
use ehub_proto::intake::v1::ListConsultationsRequest;

use super::kept::{Held, Kept, Prepared};
use crate::{
    dev::{paths::Paths, world::Persona},
    output::exit::Problem,
    session::{Session, Suite},
    world::World,
};

/// How many consultations are looked through for a reference.
const SEARCHED: usize = 10_000;

/// What every command needs.
#[derive(Debug)]
pub struct Context {
    persona: Option<String>,
    world_file: Option<PathBuf>,
    /// The time of this machine.
    pub clock: Clock,
}

impl Context {
    /// `persona` and `world_file` as typed.
    pub fn new(persona: Option<String>, world_file: Option<PathBuf>) -> Self {
        Self { persona, world_file, clock: Clock::system() }
    }

    /// Where the file about the running suite is.
    pub fn world_file(&self) -> anyhow::Result<PathBuf> {
        match &self.world_file {
            Some(file) => Ok(file.clone()),
            None => Ok(Paths::find(None)
                .map_err(|error| Problem::Usage(format!("{error:#}, or name one with --world")))?
                .world_file()),
        }
    }

    /// What runs.
    pub fn world(&self) -> anyhow::Result<World> {
        let file = self.world_file()?;
        if !file.is_file() {
            let text = format!("no suite runs here ({} is not there): `make run` starts one", file.display());
            return Err(Problem::Unreachable(text).into());
        }
        World::load(&file).map_err(|error| Problem::Config(format!("{error:#}")).into())
    }

    /// Who calls when nobody was named.
    pub fn persona_or(&self, usual: &str) -> String {
        self.persona.clone().unwrap_or_else(|| usual.to_owned())
    }

    /// Access for the one who was named, or for whom the command usually is.
    pub fn session(&self, usual: &str) -> anyhow::Result<Session> {
        let name = self.persona_or(usual);
        if Persona::named(&name).is_none() {
            return Err(Problem::Usage(format!("nobody is called {name}: `ehub token` lists everybody")).into());
        }
        Ok(Suite::of(&self.world()?)?.as_persona(&name))
    }

    /// The grants that `ehub claim` left.
    pub fn grants(&self) -> anyhow::Result<Kept<Held>> {
        Ok(Kept::new(self.beside_world("grants")?))
    }

    /// The prescriptions that `ehub prescribe` left.
    pub fn prepared(&self) -> anyhow::Result<Kept<Prepared>> {
        Ok(Kept::new(self.beside_world("prescriptions")?))
    }

    fn beside_world(&self, folder: &str) -> anyhow::Result<PathBuf> {
        Ok(self.world_file()?.with_file_name(folder))
    }

    /// The consultation a person means: a name, a UUID, or a reference among those they may know of.
    pub async fn consultation(&self, session: &Session, text: &str) -> anyhow::Result<ConsultationId> {
        if let Some(id) = by_id(text) {
            return Ok(id);
        }
        let reference = Reference::parse(text).map_err(|error| {
            Problem::Usage(format!(
                "a consultation is named by consultations/{{uuid}}, its UUID or its reference: {error}"
            ))
        })?;
        if let Some(held) = self.grants()?.newest(|held| held.reference == reference.to_string()) {
            return Ok(ConsultationId::parse_name(&held.consultation)?);
        }
        let found = pages(SEARCHED, async |page_token| {
            let request = ListConsultationsRequest { page_size: 500, page_token, ..Default::default() };
            let page = session.intake().list_consultations(session.request(request).await?).await?.into_inner();
            Ok((page.consultations, page.next_page_token))
        })
        .await?
        .into_iter()
        .find(|consultation| consultation.reference == reference.to_string());
        let found = found.ok_or_else(|| {
            Problem::DoesNotHold(format!("{} knows of no consultation with that reference", session.name()))
        })?;
        Ok(ConsultationId::parse_name(&found.name)?)
    }
}

fn by_id(text: &str) -> Option<ConsultationId> {
    ConsultationId::parse_name(text).or_else(|_| ConsultationId::parse(text)).ok()
}

/// Reads a list page by page until it ends or has `limit` items.
pub async fn pages<T>(
    limit: usize,
    mut read: impl AsyncFnMut(String) -> anyhow::Result<(Vec<T>, String)>,
) -> anyhow::Result<Vec<T>> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let (items, next) = read(page_token).await.context("the list")?;
        all.extend(items);
        if next.is_empty() || all.len() >= limit {
            all.truncate(limit);
            return Ok(all);
        }
        page_token = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_list_ends_at_its_end_or_at_the_limit() {
        let read = |page_token: String| async move {
            Ok(match page_token.as_str() {
                "" => (vec![1, 2], "a".to_owned()),
                "a" => (vec![3, 4], "b".to_owned()),
                _ => (vec![5], String::new()),
            })
        };
        assert_eq!(pages(100, read).await.expect("read"), [1, 2, 3, 4, 5]);
        assert_eq!(pages(3, read).await.expect("read"), [1, 2, 3]);
    }

    #[test]
    fn names_and_uuids_are_ids_and_references_are_not() {
        let uuid = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert!(by_id(uuid).is_some());
        assert!(by_id(&format!("consultations/{uuid}")).is_some());
        assert!(by_id(&format!("entries/{uuid}")).is_none());
        assert!(by_id("ABC-DEF-GHJ").is_none());
    }

    #[test]
    fn without_a_suite_it_is_unreachable_and_a_broken_file_is_a_wrong_configuration() {
        let folder = std::env::temp_dir().join(format!("ehub-world-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("ehub.json");
        let context = Context::new(None, Some(file.clone()));
        let code = |error: anyhow::Error| crate::output::exit::code_of(&error);
        assert_eq!(context.world().err().map(code), Some(5));
        std::fs::write(&file, "{}").expect("written");
        assert_eq!(context.world().err().map(code), Some(64));
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
