-- A message larger than the hub takes is not taken: it is noted without its bytes, and stays in MESH. The note stands under
-- an id of its own until the bytes are here, so that a replica of an older release never takes it for the message itself
-- and tells MESH to forget it.
alter table intake.landed_message add column left_above bigint;
