DROP INDEX messages_by_reply_to;
