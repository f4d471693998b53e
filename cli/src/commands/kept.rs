//! What one command leaves for the next: grants and prepared prescriptions, in files only the
//! user can read.

use std::{
    fs,
    io::Write,
    marker::PhantomData,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::PathBuf,
    time::SystemTime,
};

use anyhow::Context as _;
use ehub_proto::allocation::v1::Claim;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::views::stamp;

/// A claim with its grant.
#[derive(Clone, Serialize, Deserialize)]
pub struct Held {
    /// `consultations/{uuid}`.
    pub consultation: String,
    /// The reference people read out.
    pub reference: String,
    /// Whose claim it is.
    pub persona: String,
    /// `CLINICAL` and so on.
    pub need: String,
    /// The grant: lets its holder act.
    pub grant: String,
    /// When it ends, RFC 3339.
    pub expire_time: String,
}

impl Held {
    /// What a claim leaves.
    pub fn of(claim: &Claim, persona: &str) -> Self {
        let item = claim.item.clone().unwrap_or_default();
        Self {
            consultation: item.consultation,
            reference: item.reference,
            persona: persona.to_owned(),
            need: item.need,
            grant: claim.grant.clone(),
            expire_time: stamp(claim.expire_time.as_ref()).as_str().unwrap_or_default().to_owned(),
        }
    }
}

/// A prescription that waits for a signature.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Prepared {
    /// `prescriptions/{uuid}`.
    pub name: String,
    /// `consultations/{uuid}`.
    pub consultation: String,
    /// Whose it is.
    pub persona: String,
    /// What to sign.
    pub digest: String,
    /// What to send back.
    pub etag: String,
}

/// A folder with a file for each thing.
#[derive(Debug, Clone)]
pub struct Kept<T> {
    folder: PathBuf,
    what: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> Kept<T> {
    /// What is kept in a folder, which need not be there yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, what: PhantomData }
    }

    /// Keeps something under an id, in place of what was there.
    pub fn keep(&self, id: Uuid, thing: &T) -> anyhow::Result<()> {
        let write = || -> anyhow::Result<()> {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
            // Written beside and moved, so that nobody reads half of it.
            let beside = self.folder.join(format!(".{id}"));
            let mut file = fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
            file.write_all(&serde_json::to_vec_pretty(thing)?)?;
            Ok(fs::rename(&beside, self.folder.join(id.to_string()))?)
        };
        write().with_context(|| format!("{} cannot be written", self.folder.display()))
    }

    /// What is kept under an id.
    pub fn get(&self, id: Uuid) -> Option<T> {
        read(&self.folder.join(id.to_string()))
    }

    /// The one kept last of those that fit.
    pub fn newest(&self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(&self.folder)
            .ok()?
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let whole = !entry.file_name().to_string_lossy().starts_with('.');
                whole.then_some((entry.metadata().ok()?.modified().ok()?, entry.path()))
            })
            .collect();
        files.sort();
        files.into_iter().rev().filter_map(|(_, path)| read(&path)).find(fits)
    }

    /// Forgets what is kept under an id, if anything.
    pub fn forget(&self, id: Uuid) {
        // What is not there is forgotten already.
        let _ = fs::remove_file(self.folder.join(id.to_string()));
    }
}

fn read<T: DeserializeOwned>(path: &std::path::Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::PermissionsExt, time::Duration};

    use super::*;

    fn held(persona: &str, grant: &str) -> Held {
        Held {
            consultation: "consultations/x".into(),
            reference: "ABC-DEF-GHJ".into(),
            persona: persona.into(),
            need: "CLINICAL".into(),
            grant: grant.into(),
            expire_time: "2026-03-28T12:00:00Z".into(),
        }
    }

    #[test]
    fn the_newest_that_fits_is_found_and_nobody_else_can_read_it() {
        let folder = std::env::temp_dir().join(format!("ehub-kept-{}", std::process::id()));
        let kept = Kept::new(folder.clone());
        assert!(kept.newest(|_: &Held| true).is_none());
        let ids = [1, 2, 3].map(Uuid::from_u128);
        for (id, (age, thing)) in
            ids.iter().zip([(30, held("anna", "old")), (20, held("anna", "new")), (10, held("bert", "other"))])
        {
            kept.keep(*id, &thing).expect("kept");
            let file = fs::File::options().write(true).open(folder.join(id.to_string())).expect("a file");
            assert_eq!(file.metadata().expect("metadata").permissions().mode() & 0o777, 0o600);
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - age)).expect("a time");
        }
        assert_eq!(kept.newest(|held| held.persona == "anna").expect("there").grant, "new");
        kept.forget(ids[1]);
        kept.forget(ids[1]);
        assert!(kept.get(ids[1]).is_none());
        assert_eq!(kept.newest(|held| held.persona == "anna").expect("there").grant, "old");
        fs::write(folder.join(ids[0].to_string()), "half").expect("written");
        assert!(kept.newest(|held| held.persona == "anna").is_none());
        fs::remove_dir_all(&folder).expect("removed");
    }
}
