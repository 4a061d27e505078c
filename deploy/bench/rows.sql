-- The rows of one accepted report, as a plain implementation writes them: one
-- transaction a command, which takes the two mailboxes' rows for their sequences.
\set n random(1, 9000000000000000)
BEGIN;
INSERT INTO plain_keys.keys VALUES ('s/' || :n, 'document', decode(repeat('ab', 90), 'hex')), ('s/' || :n, 'correspondence', decode(repeat('ab', 90), 'hex')), ('s/' || :n, 'identity', decode(repeat('ab', 90), 'hex'));
INSERT INTO plain.claims VALUES ('request/kela/' || :n, 's/' || :n, 1, decode(repeat('ab', 32), 'hex'));
INSERT INTO plain.events VALUES ('s/' || :n, 1, 'e' || :n, 'koppi.concern.v1.ConcernSubmitted', 'client', 'case', decode(repeat('ab', 40), 'hex'), decode(repeat('ab', 40), 'hex'), 1, '', 'document', decode(repeat('ab', 300), 'hex'), decode(repeat('ab', 32), 'hex'), decode(repeat('ab', 32), 'hex'));
INSERT INTO plain.loops VALUES ('s/' || :n, 'concern', 'client', 'case', 1, 1, decode(repeat('ab', 32), 'hex'), 1, false);
INSERT INTO plain.standings VALUES ('s/' || :n, 'kela', 'sender', 'u', 'w', 'client', 'case', 1, 1, 'hva', 1, false, false, false, 1, 1), ('s/' || :n, 'hva', 'receiver', 'u', 'w', 'client', 'case', 1, 1, 'hva', 1, false, false, false, 1, 1);
INSERT INTO plain.clients VALUES ('s/' || :n, decode(repeat('ab', 100), 'hex'));
INSERT INTO plain.accesses (at, by, role, on_behalf_of, subject, client, method, purpose, basis, trace) VALUES (1, decode(repeat('ab', 40), 'hex'), 'benefit_handler', '', 's/' || :n, 'client', 'koppi.concern.v1.ConcernService/SubmitConcern', '', decode(repeat('ab', 40), 'hex'), '');
INSERT INTO plain.mailboxes VALUES ('kela', 1, decode(repeat('ab', 32), 'hex')) ON CONFLICT (agency) DO UPDATE SET sequence = mailboxes.sequence + 1 RETURNING sequence AS kela \gset
INSERT INTO plain.mailboxes VALUES ('hva', 1, decode(repeat('ab', 32), 'hex')) ON CONFLICT (agency) DO UPDATE SET sequence = mailboxes.sequence + 1 RETURNING sequence AS hva \gset
INSERT INTO plain.deliveries VALUES ('kela', :kela, 'e' || :n, 's/' || :n, 1, decode(repeat('ab', 600), 'hex'), decode(repeat('ab', 32), 'hex'), decode(repeat('ab', 32), 'hex')), ('hva', :hva, 'e' || :n, 's/' || :n, 1, decode(repeat('ab', 600), 'hex'), decode(repeat('ab', 32), 'hex'), decode(repeat('ab', 32), 'hex'));
COMMIT;
