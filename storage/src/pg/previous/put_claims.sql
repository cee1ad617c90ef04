-- A claim that was free when it was looked at and is not any more is an error, and the group decides again.
INSERT INTO claims (tenant, claim, owner)
SELECT * FROM unnest($1::integer[], $2::bytea[], $3::uuid[])
