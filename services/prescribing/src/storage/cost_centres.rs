//! Cost centres and their members.

use ehub_identifiers::{OdsCode, OrganisationId};
use ehub_postgres::{StorageError, Tx};
use time::Date;
use uuid::Uuid;

use super::ods;
use crate::domain::{CostCentre, Membership, Period, Register};

#[derive(sqlx::FromRow)]
struct CostCentreRow {
    ods: String,
    display_name: String,
    icb_ods: String,
    organisation: Uuid,
    organisation_ods: String,
    address: String,
    phone: String,
    valid_from: Date,
    valid_to: Option<Date>,
}

#[derive(sqlx::FromRow)]
struct MembershipRow {
    cost_centre: String,
    subject: String,
    display_name: String,
    sds_user_id: String,
    sds_role_profile_id: String,
    role_code: String,
    professional_register: String,
    professional_code: String,
    din: Option<String>,
    spurious_code: Option<String>,
    prescription_type: String,
    valid_from: Date,
    valid_to: Option<Date>,
}

/// Creates or replaces a cost centre of the caller's organisation.
pub async fn put(tx: &mut Tx, cost_centre: &CostCentre) -> Result<(), StorageError> {
    sqlx::query(
        "/* cost_centres.put */ insert into prescribing.cost_centre \
         (ods, display_name, icb_ods, organisation, organisation_ods, address, phone, valid_from, valid_to) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         on conflict (ods) do update set display_name = excluded.display_name, icb_ods = excluded.icb_ods, \
           organisation_ods = excluded.organisation_ods, address = excluded.address, phone = excluded.phone, \
           valid_from = excluded.valid_from, valid_to = excluded.valid_to",
    )
    .bind(cost_centre.ods.as_str())
    .bind(&cost_centre.display_name)
    .bind(cost_centre.icb.as_str())
    .bind(cost_centre.organisation.uuid())
    .bind(cost_centre.organisation_ods.as_str())
    .bind(&cost_centre.address)
    .bind(&cost_centre.phone)
    .bind(cost_centre.period.from)
    .bind(cost_centre.period.to)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Creates or replaces a membership of a cost centre of an organisation.
pub async fn put_member(tx: &mut Tx, organisation: OrganisationId, member: &Membership) -> Result<(), StorageError> {
    sqlx::query(
        "/* cost_centres.put_member */ insert into prescribing.membership \
         (cost_centre, subject, organisation, display_name, sds_user_id, sds_role_profile_id, role_code, \
          professional_register, professional_code, din, spurious_code, prescription_type, valid_from, valid_to) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
         on conflict (cost_centre, subject) do update set display_name = excluded.display_name, \
           sds_user_id = excluded.sds_user_id, sds_role_profile_id = excluded.sds_role_profile_id, \
           role_code = excluded.role_code, professional_register = excluded.professional_register, \
           professional_code = excluded.professional_code, din = excluded.din, spurious_code = excluded.spurious_code, \
           prescription_type = excluded.prescription_type, valid_from = excluded.valid_from, valid_to = excluded.valid_to",
    )
    .bind(member.cost_centre.as_str())
    .bind(&member.subject)
    .bind(organisation.uuid())
    .bind(&member.display_name)
    .bind(&member.sds_user_id)
    .bind(&member.sds_role_profile_id)
    .bind(&member.role_code)
    .bind(member.register.as_str())
    .bind(&member.professional_code)
    .bind(&member.din)
    .bind(&member.spurious_code)
    .bind(&member.prescription_type)
    .bind(member.period.from)
    .bind(member.period.to)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A cost centre of the caller's organisation.
pub async fn find(tx: &mut Tx, code: &OdsCode) -> Result<Option<CostCentre>, StorageError> {
    let row: Option<CostCentreRow> = sqlx::query_as(
        "/* cost_centres.find */ select ods, display_name, icb_ods, organisation, organisation_ods, address, phone, \
           valid_from, valid_to from prescribing.cost_centre where ods = $1",
    )
    .bind(code.as_str())
    .fetch_optional(tx.conn())
    .await?;
    row.map(CostCentre::try_from).transpose()
}

/// The cost centres of the caller's organisation after a code.
pub async fn list(tx: &mut Tx, after: Option<&str>, limit: i64) -> Result<Vec<CostCentre>, StorageError> {
    let rows: Vec<CostCentreRow> = sqlx::query_as(
        "/* cost_centres.list */ select ods, display_name, icb_ods, organisation, organisation_ods, address, phone, \
           valid_from, valid_to from prescribing.cost_centre where $1::text is null or ods > $1 order by ods limit $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(CostCentre::try_from).collect()
}

/// One person's membership of a cost centre.
pub async fn member(tx: &mut Tx, code: &OdsCode, subject: &str) -> Result<Option<Membership>, StorageError> {
    let row: Option<MembershipRow> = sqlx::query_as(
        "/* cost_centres.member */ select cost_centre, subject, display_name, sds_user_id, sds_role_profile_id, role_code, \
           professional_register, professional_code, din, spurious_code, prescription_type, valid_from, valid_to \
          from prescribing.membership where cost_centre = $1 and subject = $2",
    )
    .bind(code.as_str())
    .bind(subject)
    .fetch_optional(tx.conn())
    .await?;
    row.map(Membership::try_from).transpose()
}

/// The members of cost centres, by cost centre and subject.
pub async fn members(tx: &mut Tx, codes: &[&str]) -> Result<Vec<Membership>, StorageError> {
    let rows: Vec<MembershipRow> = sqlx::query_as(
        "/* cost_centres.members */ select cost_centre, subject, display_name, sds_user_id, sds_role_profile_id, role_code, \
           professional_register, professional_code, din, spurious_code, prescription_type, valid_from, valid_to \
          from prescribing.membership where cost_centre = any($1) order by cost_centre, subject",
    )
    .bind(codes)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Membership::try_from).collect()
}

impl TryFrom<CostCentreRow> for CostCentre {
    type Error = StorageError;

    fn try_from(row: CostCentreRow) -> Result<Self, StorageError> {
        const TABLE: &str = "prescribing.cost_centre";
        Ok(Self {
            ods: ods(TABLE, &row.ods)?,
            display_name: row.display_name,
            icb: ods(TABLE, &row.icb_ods)?,
            organisation: OrganisationId::new(row.organisation),
            organisation_ods: ods(TABLE, &row.organisation_ods)?,
            period: Period { from: row.valid_from, to: row.valid_to },
            address: row.address,
            phone: row.phone,
        })
    }
}

impl TryFrom<MembershipRow> for Membership {
    type Error = StorageError;

    fn try_from(row: MembershipRow) -> Result<Self, StorageError> {
        const TABLE: &str = "prescribing.membership";
        Ok(Self {
            cost_centre: ods(TABLE, &row.cost_centre)?,
            subject: row.subject,
            display_name: row.display_name,
            sds_user_id: row.sds_user_id,
            sds_role_profile_id: row.sds_role_profile_id,
            role_code: row.role_code,
            register: Register::parse(&row.professional_register)
                .ok_or(StorageError::Inconsistent { table: TABLE, what: "professional_register" })?,
            professional_code: row.professional_code,
            din: row.din,
            spurious_code: row.spurious_code,
            prescription_type: row.prescription_type,
            period: Period { from: row.valid_from, to: row.valid_to },
        })
    }
}
