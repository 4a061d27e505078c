package accesslog

import (
	"cmp"
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// maxOnce is the most recorded readings that are kept in memory, so that they are not looked up again.
const maxOnce = 100_000

// Once records readings that are recorded once for each worker, matter and day in Helsinki, however often the
// worker reads on that day, and in whichever process.
type Once struct {
	recorder  *Recorder
	accessLog journal.AccessLog
	recorded  *lru.Cache[once, struct{}]
}

type once struct{ agency, worker, subject, purpose, day string }

// NewOnce returns a Once over an access log.
func NewOnce(recorder *Recorder, accessLog journal.AccessLog) (*Once, error) {
	recorded, err := lru.New[once, struct{}](maxOnce)
	return &Once{recorder: recorder, accessLog: accessLog, recorded: recorded}, err
}

// Read records a reading unless it was recorded today.
func (o *Once) Read(ctx context.Context, who identity.Caller, purpose string, read Reading) error {
	now := o.recorder.Clock.Now().In(matter.Helsinki())
	key := once{who.Agency, who.Worker, read.Subject, purpose, now.Format(time.DateOnly)}
	if o.recorded.Contains(key) {
		return nil
	}
	known, err := o.isRecorded(ctx, who, purpose, read, now)
	if err != nil {
		return err
	}
	if !known {
		if err := o.recorder.Read(ctx, who, purpose, read); err != nil {
			return err
		}
	}
	o.recorded.Add(key, struct{}{})
	return nil
}

// isRecorded reports whether the access log has the reading on the day of a time.
func (o *Once) isRecorded(ctx context.Context, who identity.Caller, purpose string, read Reading, now time.Time) (bool, error) {
	if read.Client == "" {
		return false, nil
	}
	year, month, day := now.Date()
	query := journal.AccessQuery{
		Client: read.Client, Agency: who.Agency, From: time.Date(year, month, day, 0, 0, 0, 0, matter.Helsinki()).UnixMicro(), Limit: accessLogPart,
	}
	for {
		part, err := o.accessLog.Accesses(ctx, query)
		if err != nil {
			return false, fault.Store(err)
		}
		for _, one := range part {
			query.Before = one.Number
			by := &commonv1.Party{}
			if err := proto.Unmarshal(one.By, by); err != nil {
				return false, err
			}
			if one.Subject == read.Subject && one.Purpose == purpose && cmp.Or(one.OnBehalfOf, by.GetWorker()) == who.Worker {
				return true, nil
			}
		}
		if len(part) < accessLogPart {
			return false, nil
		}
	}
}
