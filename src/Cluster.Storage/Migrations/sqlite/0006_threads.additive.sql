-- The session to which everything goes that is said in a conversation, not only what is meant for the bot. It counts only while the
-- conversation is bound to that very session, so a node that does not know of this column takes it back by binding to another one.

ALTER TABLE conversation ADD COLUMN all_to TEXT;
