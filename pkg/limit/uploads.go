package limit

import (
	"context"
	"errors"
	"time"

	"koppi.internal/pkg/attachment"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

// Uploads are the limits on attachments that operators set; 0 is no limit.
type Uploads struct {
	Waiting       int `name:"uploads-waiting" help:"Uploads of one agency that no message refers to yet, finished or not, over all replicas. 0 is no limit." default:"2000" env:"KOPPI_UPLOADS_WAITING"`
	WorkerWaiting int `name:"worker-uploads-waiting" help:"Of these, uploads of one worker. 0 is no limit." default:"50" env:"KOPPI_WORKER_UPLOADS_WAITING"`
	MiB           int `name:"upload-mib-waiting" help:"MiB of one agency's uploads that no message refers to yet. 0 is no limit." default:"10240" env:"KOPPI_UPLOAD_MIB_WAITING"`
	WorkerMiB     int `name:"worker-upload-mib-waiting" help:"Of these, MiB of one worker's uploads. 0 is no limit." default:"500" env:"KOPPI_WORKER_UPLOAD_MIB_WAITING"`
	Hourly        int `name:"uploads-per-hour" help:"Uploads per hour that one agency may begin, over all replicas, half of them at once. 0 is no limit." default:"5000" env:"KOPPI_UPLOADS_PER_HOUR"`
	WorkerHourly  int `name:"worker-uploads-per-hour" help:"Of these, uploads of one worker. 0 is no limit." default:"200" env:"KOPPI_WORKER_UPLOADS_PER_HOUR"`
}

// Check refuses negative limits.
func (u Uploads) Check() error {
	if min(u.Waiting, u.WorkerWaiting, u.MiB, u.WorkerMiB, u.Hourly, u.WorkerHourly) < 0 {
		return errors.New("the limits of uploads are not negative")
	}
	return nil
}

// Quota returns how much may wait to be named.
func (u Uploads) Quota() attachment.Quota {
	return attachment.Quota{
		Agency: attachment.Share{Uploads: u.Waiting, Bytes: int64(u.MiB) << 20},
		Worker: attachment.Share{Uploads: u.WorkerWaiting, Bytes: int64(u.WorkerMiB) << 20},
	}
}

// AllowUpload counts one more upload of a caller. It refuses with reason BUSY if that exceeds the uploads per
// hour of the person or the agency. A nil limiter allows everything.
func (l *Limiter) AllowUpload(ctx context.Context, caller identity.Caller, limits Uploads) error {
	if l == nil {
		return nil
	}
	w := whoIs(caller)
	var shares []share
	if w.person != "" && limits.WorkerHourly > 0 {
		shares = append(shares, share{key: "koppi:uploads:person:" + w.person, calls: limits.WorkerHourly, period: time.Hour})
	}
	if w.agency != "" && limits.Hourly > 0 {
		shares = append(shares, share{key: "koppi:uploads:agency:" + w.agency, calls: limits.Hourly, period: time.Hour})
	}
	if len(shares) == 0 {
		return nil
	}
	if over := l.over(ctx, shares); over != nil {
		return fault.New(fault.Busy, "more than %d uploads an hour", over.calls).
			With("retry_after", (over.after + time.Second - 1).Truncate(time.Second).String()).RetryAfter(over.after)
	}
	return nil
}
