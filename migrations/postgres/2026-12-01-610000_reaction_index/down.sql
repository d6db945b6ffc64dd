DROP INDEX reactions_by_user;
