-- Until when the limit of a person goes before the schedule of bandwidth; NULL: it gives way to one.
ALTER TABLE control ADD COLUMN limit_until_utc TEXT;
