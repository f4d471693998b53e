//! Asks demographics about one patient.

use ehub_clock::Clock;
use ehub_telemetry::send_outside;
use reqwest::{StatusCode, header::ACCEPT};
use serde_json::Value;

use super::record;
use crate::{
    config::DemographicsSettings,
    domain::{
        patient::Patient,
        trace::{Demographic, Traced, judge},
    },
};

/// The largest answer read, in bytes. A PDS record is some kilobytes.
const MAX_ANSWER: usize = 1024 * 1024;

/// Demographics, and whom it may be asked about.
#[derive(Debug, Clone)]
pub struct Demographics {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    test_patients: TestPatients,
    clock: Clock,
}

/// What is done about patients of the test range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestPatients {
    /// Asked about like others, of a local peer.
    Asked,
    /// Never sent to a live service; they stay untraced.
    KeptHere,
}

/// Why demographics gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum DemographicsError {
    /// It could not be reached, or failed.
    #[error("demographics could not be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It answered with a failure.
    #[error("demographics answered HTTP {0}")]
    Failed(u16),
    /// It answered something else than a patient.
    #[error("demographics answered unexpectedly: {0}")]
    Unexpected(&'static str),
}

impl Demographics {
    /// A client.
    pub fn new(
        http: reqwest::Client,
        settings: &DemographicsSettings,
        test_patients: TestPatients,
        clock: Clock,
    ) -> Self {
        Self {
            http,
            base: settings.url.trim_end_matches('/').to_owned(),
            token: settings.token.as_ref().map(|token| token.reveal().to_owned()),
            test_patients,
            clock,
        }
    }

    /// Traces a patient who turned to a practice.
    pub async fn trace(&self, patient: &Patient, practice_ods: &str) -> Result<Traced, DemographicsError> {
        let found = if patient.is_test() && self.test_patients == TestPatients::KeptHere {
            None
        } else {
            match &patient.nhs_number {
                Some(number) => self.by_number(number.as_str()).await?,
                None => self.by_details(patient).await?,
            }
        };
        Ok(judge(patient, practice_ods, found))
    }

    async fn by_number(&self, number: &str) -> Result<Option<Demographic>, DemographicsError> {
        let url = format!("{}/Patient/{number}", self.base);
        let Some(answer) = self.get("/Patient/{nhs_number}", &url, &[]).await? else { return Ok(None) };
        record::patient(&answer).map(Some).ok_or(DemographicsError::Unexpected("no Patient"))
    }

    async fn by_details(&self, patient: &Patient) -> Result<Option<Demographic>, DemographicsError> {
        let given = patient.given_names.split_whitespace().next().unwrap_or_default().to_owned();
        let query = [
            ("family", patient.family_name.clone()),
            ("given", given),
            ("gender", patient.gender.code().to_owned()),
            ("birthdate", format!("eq{}", patient.birth_date)),
        ];
        // PDS takes no search by an unknown gender.
        let asked: Vec<_> = query.into_iter().filter(|(_, value)| !value.is_empty() && value != "unknown").collect();
        let url = format!("{}/Patient", self.base);
        let Some(answer) = self.get("/Patient", &url, &asked).await? else { return Ok(None) };
        // Several matches come as an OperationOutcome with status 200: nobody is chosen among them.
        Ok(record::only_match(&answer))
    }

    /// The answer; `None` when there is no such patient.
    async fn get(
        &self,
        template: &'static str,
        url: &str,
        query: &[(&str, String)],
    ) -> Result<Option<Value>, DemographicsError> {
        let mut url =
            reqwest::Url::parse(url).map_err(|_| DemographicsError::Unexpected("an address of ours that is no URL"))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self
            .http
            .get(url)
            .header(ACCEPT, "application/fhir+json")
            .header("X-Request-ID", self.clock.uuid_v7().to_string());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        // The address names the patient: it never reaches a log.
        let mut response = send_outside(request, template)
            .await
            .map_err(|error| DemographicsError::Unreachable(error.without_url()))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => return Ok(None),
            other => return Err(DemographicsError::Failed(other.as_u16())),
        }
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| DemographicsError::Unreachable(error.without_url()))?
        {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER {
                return Err(DemographicsError::Unexpected("an answer of more than a megabyte"));
            }
        }
        serde_json::from_slice(&body).map(Some).map_err(|_| DemographicsError::Unexpected("no JSON"))
    }
}
