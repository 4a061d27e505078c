-- One bare row of 600 bytes a transaction.
INSERT INTO plain.bare (body) VALUES (decode(repeat('ab', 600), 'hex'));
