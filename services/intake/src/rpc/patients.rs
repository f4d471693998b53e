//! Patients for the services that send something out: traced again, every time.

use ehub_calls::{Call, Calls};
use ehub_faults::Fields;
use ehub_identifiers::ConsultationId;
use ehub_proto::{
    internal::v1::{TracePatientRequest, TracePatientResponse, patients_server::Patients},
    timestamp,
};
use tonic::{Request, Response, Status};

use super::{faults, render};
use crate::{
    demographics::Demographics,
    events::{need, outcome},
    operations::trace::{ReadPatient, RecordTrace, Recorded},
};

/// Serves patients.
#[derive(Debug)]
pub struct PatientsRpc {
    /// Runs calls.
    pub calls: Calls,
    /// Demographics, when there is one.
    pub demographics: Option<Demographics>,
}

#[tonic::async_trait]
impl Patients for PatientsRpc {
    async fn trace_patient(
        &self,
        request: Request<TracePatientRequest>,
    ) -> Result<Response<TracePatientResponse>, Status> {
        let (call, request) = Call::of("ehub.internal.v1.Patients/TracePatient", request)?;
        let mut fields = Fields::new();
        let id = fields.check("consultation", ConsultationId::parse(&request.consultation));
        let id = fields.into_result(id)?;
        let Some(demographics) = self.demographics.clone() else {
            return Err(self.calls.refuse(call, faults::demographics_unavailable()).await);
        };
        let calls = self.calls.clone();
        let act = async move {
            let read = calls.db().run(&call.scope(), &ReadPatient(id.uuid())).await;
            let whole = match read {
                Ok(Some(whole)) => whole,
                Ok(None) => return Err(faults::consultation_not_found().into()),
                Err(error) => return Err(ehub_calls::storage_fault(&error).into()),
            };
            let asked = demographics.trace(&whole.consultation.patient, &whole.summary.practice_ods).await;
            let traced = asked.map_err(|error| {
                tracing::warn!(error = &error as &dyn std::error::Error, "demographics gave no answer");
                Status::from(faults::demographics_unavailable())
            })?;
            let (answer, _) = calls.mutate_here(&call, None, &RecordTrace { whole, traced }, answer).await?;
            Ok(answer)
        };
        Ok(Response::new(self.calls.detached(act).await?))
    }
}

fn answer(recorded: &Recorded) -> TracePatientResponse {
    let answer = &recorded.answer;
    TracePatientResponse {
        patient: Some(render::patient(&answer.patient)),
        outcome: outcome(answer.traced.outcome).into(),
        registered_practice_ods: answer.traced.practice_ods.clone().unwrap_or_default(),
        nominated_pharmacy_ods: answer.traced.pharmacy_ods.clone().unwrap_or_default(),
        practice_ods: answer.practice_ods.clone(),
        reference: render::reference(&answer.reference),
        trace_time: Some(timestamp(recorded.at)),
        restricted: answer.restricted,
        need: need(answer.need).into(),
        topic: answer.topic.clone(),
        practice_name: answer.names.0.clone(),
        hub_name: answer.names.1.clone(),
    }
}
