CREATE INDEX selection_item_text ON selection_item (text);
