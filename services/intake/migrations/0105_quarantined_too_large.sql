-- What was left at MESH is for a person, as all that could not become a consultation.
alter table intake.quarantined
    drop constraint quarantined_cause,
    add constraint quarantined_cause
        check (cause in ('UNREADABLE', 'NOT_ENROLLED', 'INVALID_FIELDS', 'UNEXPECTED_MESSAGE', 'TOO_LARGE'));
