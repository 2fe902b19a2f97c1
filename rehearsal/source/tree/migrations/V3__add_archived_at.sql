-- Nullable, so that the release before this one goes on writing items.
ALTER TABLE items ADD COLUMN archived_at timestamptz;
