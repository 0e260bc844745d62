-- What was written to the helpdesk about a transfer, how it went there, and what came back. The
-- text is kept as it went; `reference` stands in it, so that a ticket whose number never came back
-- is found again and not opened twice.
CREATE TABLE ticket (
  id INTEGER PRIMARY KEY,
  step TEXT NOT NULL,
  case_key TEXT NOT NULL,
  reference TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('draft', 'sending', 'open', 'answered', 'settled')),
  how TEXT NOT NULL CHECK (how IN ('copied', 'saved', 'sent', 'by-hand')),
  title TEXT NOT NULL,
  group_name TEXT NOT NULL,
  body TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  number TEXT NOT NULL DEFAULT '',
  -- The helpdesk's own key and word for it; nothing where a person brought it there.
  desk_id INTEGER,
  desk_state TEXT NOT NULL DEFAULT '',
  url TEXT NOT NULL DEFAULT '',
  person TEXT NOT NULL DEFAULT '',
  made_at_utc TEXT NOT NULL,
  sent_at_utc TEXT NOT NULL DEFAULT '',
  answered_at_utc TEXT NOT NULL DEFAULT '',
  answer TEXT NOT NULL DEFAULT ''
);
CREATE INDEX ticket_case ON ticket (case_key, id);

-- What was filled in, by field; shared by all cases of the transfer.
CREATE TABLE ticket_field (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
