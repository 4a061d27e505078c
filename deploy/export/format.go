package export

import (
	"cmp"
	"time"
)

// The names in an export. They are stored bytes: a change needs another version of the format.
const (
	formatName    = "koppi-export"
	formatVersion = 1

	manifestFile      = "manifest.json"
	manifestSumFile   = "manifest.sha256"
	indexFile         = "attachments.jsonl"
	mailboxFolder     = "mailboxes"
	attachmentsFolder = "attachments"
)

// Manifest is manifest.json. It names each file with its hash, except itself, manifest.sha256, and attachments, which
// attachments.jsonl names.
type Manifest struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Agency  string `json:"agency"`
	// Exporter is the version of the program that wrote the export.
	Exporter    string      `json:"exporter"`
	Gateway     Gateway     `json:"gateway"`
	BegunAt     time.Time   `json:"begunAt"`
	EndedAt     time.Time   `json:"endedAt"`
	Mailboxes   []Mailbox   `json:"mailboxes"`
	Attachments Attachments `json:"attachments"`
	Files       []File      `json:"files"`
}

// Gateway is the one that was asked.
type Gateway struct {
	Address  string `json:"address"`
	Version  string `json:"version"`
	Contract string `json:"contract"`
}

// Mailbox is the agency's mailbox in one service.
type Mailbox struct {
	Service string `json:"service"`
	File    string `json:"file"`
	// Sequence of the last message, which is the number of messages.
	Sequence   uint64 `json:"sequence"`
	Tombstones uint64 `json:"tombstones"`
	// ChainHash of the last message; 32 zero bytes if there is none.
	ChainHash []byte `json:"chainHash"`
}

// Attachments counts the attachments.
type Attachments struct {
	File string `json:"file"`
	// Count and SizeBytes are of those in the folder.
	Count     int   `json:"count"`
	SizeBytes int64 `json:"sizeBytes"`
	// Missing is how many messages name and Koppi did not have any more.
	Missing int `json:"missing"`
}

// File is a file of the export.
type File struct {
	Name      string `json:"name"`
	SizeBytes int64  `json:"sizeBytes"`
	SHA256    string `json:"sha256"`
}

func byName(a, b File) int { return cmp.Compare(a.Name, b.Name) }

// Attachment is a line of attachments.jsonl: an attachment as the message names it by which it was downloaded.
type Attachment struct {
	AttachmentID string `json:"attachmentId"`
	Filename     string `json:"filename"`
	MediaType    string `json:"mediaType"`
	PaperKind    string `json:"paperKind,omitempty"`
	SizeBytes    int64  `json:"sizeBytes"`
	SHA256       string `json:"sha256"`
	Service      string `json:"service"`
	Sequence     uint64 `json:"sequence"`
	// Missing says that Koppi did not have it any more.
	Missing bool `json:"missing,omitempty"`
}
