-- What kind of SQLite file this is ("EUCT"), so that a foreign one is known before it is touched.
PRAGMA application_id = 1163215700;
