ALTER TABLE items DROP COLUMN archived_at;
