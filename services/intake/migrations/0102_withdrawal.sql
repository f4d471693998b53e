-- The patient's wish to withdraw. Allocation decides what becomes of it; the state follows.
alter table intake.consultation
    add column withdraw_request_time timestamptz,
    add column withdraw_reason text,
    add constraint consultation_withdraw check (
        (withdraw_request_time is null) = (withdraw_reason is null)
        and withdraw_reason in ('BETTER', 'SEEN_ELSEWHERE', 'BY_MISTAKE', 'OTHER'));
