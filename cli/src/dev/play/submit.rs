//! The patients' side: submissions by gRPC and by MESH, at the rate asked for.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use ehub_config::Secret;
use ehub_itk3::{
    Answer, EVENT_SEND_DOCUMENT, Edition, Envelope, Handling, Name, Need as Itk3Need, ONLINE_CONSULTATION_USE_CASE,
    OnlineConsultation, Organisation, Patient as Itk3Patient, Submitter as Itk3Submitter, SubmitterKind as Itk3Kind,
};
use ehub_mesh::{MeshClient, Outgoing};
use ehub_proto::intake::v1::{
    self as proto, Channel, Content, Need, SubmitConsultationRequest, SubmitConsultationResponse, Submitter,
    SubmitterKind,
};
use time::{Date, format_description::well_known::Iso8601};
use tokio::{sync::Semaphore, task::JoinSet};
use tonic::Response;

use super::{
    Story, Tally,
    stories::{Patient, Plan},
    withdraw,
};
use crate::{
    arguments::DevOptions,
    dev::{
        suite::Running,
        world::{INTAKE_MAILBOX, MAILBOX_PASSWORD, MESH_SHARED_KEY, SUPPLIER, SUPPLIER_MAILBOX},
    },
    session::{Session, Suite, new_id},
    waiting::Patience,
};

/// The workflow online consultations travel by.
const WORKFLOW: &str = "GPFED_CONSULT_REPORT";
/// How many submissions may be under way at once.
const AT_ONCE: usize = 32;

/// Submits everything; returns when the last has been answered or handed to MESH.
pub async fn all(
    suite: &Suite,
    running: &Running,
    plans: &[Plan],
    options: &DevOptions,
    tally: &Arc<Tally>,
) -> anyhow::Result<()> {
    let supplier = suite.as_persona("supplier");
    let mesh = MeshClient::new(&mesh_config(&running.world.mesh)?, running.clock.clone())?;
    mesh.handshake().await.context("the supplier's MESH mailbox")?;
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut under_way = JoinSet::new();
    let gap = Duration::from_secs_f64(1.0 / options.rate.max(0.1));
    let mut pace = tokio::time::interval(gap);
    for plan in plans.iter().cloned() {
        pace.tick().await;
        let place = Arc::clone(&places).acquire_owned().await?;
        let (supplier, mesh, tally, clock) = (supplier.clone(), mesh.clone(), Arc::clone(tally), running.clock.clone());
        under_way.spawn(async move {
            let _place = place;
            if plan.mesh {
                by_mesh(&mesh, &clock, &plan, &tally).await
            } else {
                by_grpc(&supplier, &plan, &tally).await
            }
        });
    }
    while let Some(done) = under_way.join_next().await {
        done??;
    }
    Ok(())
}

async fn by_grpc(supplier: &Session, plan: &Plan, tally: &Tally) -> anyhow::Result<()> {
    let request = request(plan);
    tally.note(|counts| counts.submitted += 1);
    let Ok(submitted) = submit(supplier, &request, tally).await else {
        tally.note(|counts| counts.refused += 1);
        return Ok(());
    };
    if plan.story == Story::Withdrawn {
        withdraw::play(supplier, submitted.into_inner().consultation, tally).await?;
    }
    if plan.story == Story::Repeat {
        let again = submit(supplier, &request, tally).await;
        let replayed = again.is_ok_and(|answer| answer.metadata().contains_key("ehub-replayed"));
        tally.note(|counts| counts.replayed += usize::from(replayed));
    }
    Ok(())
}

/// Submits, again with the same request id while the service cannot answer.
async fn submit(
    supplier: &Session,
    request: &SubmitConsultationRequest,
    tally: &Tally,
) -> anyhow::Result<Response<SubmitConsultationResponse>> {
    tally
        .ask_with(Patience::SUBMITTING, "IntakeService/SubmitConsultation", || async {
            Ok(supplier.intake().submit_consultation(supplier.request(request.clone()).await?).await?)
        })
        .await
}

fn request(plan: &Plan) -> SubmitConsultationRequest {
    let patient = &plan.patient;
    let by_carer = plan.story == Story::ChildByCarer;
    SubmitConsultationRequest {
        request_id: new_id(),
        practice_ods: plan.practice.to_owned(),
        supplier_reference: format!("EX-{}", new_id()),
        first_contact_time: None,
        channel: Channel::Online.into(),
        patient: Some(proto::Patient {
            nhs_number: patient.nhs_number.clone(),
            family_name: patient.family.to_owned(),
            given_names: patient.given.to_owned(),
            birth_date: patient.birth_date.clone(),
            gender: patient.gender.to_owned(),
            phone: "07700 900000".to_owned(),
            email: String::new(),
            address: "1 Example Road, Leeds".to_owned(),
            communication: None,
            contact_safety: None,
        }),
        submitter: Some(Submitter {
            kind: if by_carer { SubmitterKind::Proxy } else { SubmitterKind::Self_ }.into(),
            full_name: if by_carer { format!("Parent {}", patient.family) } else { String::new() },
            relationship: if by_carer { "parent".to_owned() } else { String::new() },
            competence_recorded: None,
        }),
        content: Some(Content {
            need: need(plan.story).into(),
            topic: plan.topic.to_owned(),
            free_text: plan.text.to_owned(),
            answers: Vec::new(),
            restricted: false,
        }),
    }
}

fn need(story: Story) -> Need {
    match story {
        Story::Administrative => Need::Administrative,
        Story::FitNote => Need::ClinicalAdministrative,
        _ => Need::Clinical,
    }
}

async fn by_mesh(mesh: &MeshClient, clock: &ehub_clock::Clock, plan: &Plan, tally: &Tally) -> anyhow::Result<()> {
    let message = message(clock, plan)?;
    let body = if plan.story == Story::Malformed {
        // Cut in the middle, as a broken sender would.
        let whole = message.to_xml();
        whole[..whole.len() / 2].to_vec()
    } else {
        message.to_xml()
    };
    let outgoing = Outgoing {
        to: INTAKE_MAILBOX.to_owned(),
        workflow: WORKFLOW.to_owned(),
        local_id: Some(SUPPLIER.to_owned()),
        subject: Some("Online consultation report".to_owned()),
        file_name: None,
        content_type: "application/xml".to_owned(),
        body,
    };
    mesh.send(&outgoing).await.context("MESH takes a message")?;
    tally.note(|counts| {
        counts.submitted += 1;
        counts.by_mesh += 1;
    });
    Ok(())
}

fn message(clock: &ehub_clock::Clock, plan: &Plan) -> anyhow::Result<OnlineConsultation> {
    let now = clock.now();
    let id = || clock.uuid_v7().to_string();
    let sender =
        Organisation { ods_code: SUPPLIER.to_owned(), name: Some("Example Forms Ltd".to_owned()), phone: None };
    let practice = Organisation { ods_code: plan.practice.to_owned(), name: None, phone: None };
    Ok(OnlineConsultation {
        envelope: Envelope {
            bundle_id: id(),
            header_id: id(),
            event: EVENT_SEND_DOCUMENT.to_owned(),
            sent_at: Some(now),
            sender: Some(sender),
            source_mailbox: Some(SUPPLIER_MAILBOX.to_owned()),
            handling: Handling {
                business_ack: true,
                infrastructure_ack: true,
                sender_reference: Some(id()),
                local_extension: Some(ONLINE_CONSULTATION_USE_CASE.to_owned()),
                ..Handling::default()
            },
        },
        edition: Edition::Structured,
        document_id: Some(id()),
        composed_at: Some(now),
        authored_at: Some(now),
        title: Some("Online consultation report".to_owned()),
        confidentiality: Some("N".to_owned()),
        patient: itk3_patient(&plan.patient, plan.practice)?,
        submitter: Itk3Submitter {
            kind: if plan.story == Story::ChildByCarer { Itk3Kind::RelatedPerson } else { Itk3Kind::Patient },
            relationship: (plan.story == Story::ChildByCarer).then(|| "parent".to_owned()),
            name: (plan.story == Story::ChildByCarer).then(|| Name {
                family: plan.patient.family.to_owned(),
                given: vec!["Parent".to_owned()],
                prefix: Vec::new(),
            }),
            telecom: Vec::new(),
        },
        custodian: Some(practice),
        priority: None,
        need: Some(match need(plan.story) {
            Need::Administrative => Itk3Need::Administrative,
            Need::ClinicalAdministrative => Itk3Need::ClinicalAdministrative,
            _ => Itk3Need::Clinical,
        }),
        topic: Some(plan.topic.to_owned()),
        questionnaire: Some("general".to_owned()),
        answers: vec![Answer {
            link_id: "how-long".to_owned(),
            text: "How long have you had this?".to_owned(),
            answer: "A few days".to_owned(),
            coding: None,
        }],
        free_text: Some(plan.text.to_owned()),
        statements: Vec::new(),
        narrative: None,
        pdf: Some(b"%PDF-1.4\n% the questionnaire as a page would stand here\n%%EOF\n".to_vec()),
        attachments: Vec::new(),
        notes: Vec::new(),
    })
}

fn itk3_patient(patient: &Patient, practice: &str) -> anyhow::Result<Itk3Patient> {
    Ok(Itk3Patient {
        nhs_number: Some(patient.nhs_number.clone()),
        nhs_number_verification: None,
        name: Name { family: patient.family.to_owned(), given: vec![patient.given.to_owned()], prefix: Vec::new() },
        birth_date: Some(Date::parse(&patient.birth_date, &Iso8601::DATE)?),
        gender: Some(patient.gender.to_owned()),
        telecom: Vec::new(),
        address: None,
        registered_practice: Some(practice.to_owned()),
        language: None,
        interpreter_required: None,
    })
}

fn mesh_config(url: &str) -> anyhow::Result<ehub_mesh::MeshConfig> {
    Ok(ehub_mesh::MeshConfig {
        url: url.to_owned(),
        mailbox: SUPPLIER_MAILBOX.to_owned(),
        password: Secret::new(MAILBOX_PASSWORD),
        shared_key: Secret::new(MESH_SHARED_KEY),
        tls: None,
        timeout: ehub_config::HumanDuration::from_secs(30),
        chunk_bytes: 1 << 20,
        max_message_bytes: 10 << 20,
        compress: false,
    })
}
