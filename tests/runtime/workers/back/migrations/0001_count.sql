CREATE TABLE count (n INTEGER NOT NULL);
-- A semicolon in a string ends nothing: 'a;b'.
INSERT INTO count (n) VALUES (0);
