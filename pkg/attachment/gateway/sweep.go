package gateway

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"koppi.internal/pkg/periodic"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// sweepEvery is the interval between searches for attachments that no matter names.
const sweepEvery = 10 * time.Minute

// Run removes attachments that no matter names, until the context ends.
func (a *Attachments) Run(ctx context.Context) {
	periodic.Job{Name: "attachment sweep failed", Every: sweepEvery, Level: slog.LevelError, Logger: a.Logger, Do: a.sweep}.Run(ctx)
}

func (a *Attachments) sweep(ctx context.Context) error {
	removed, err := a.Store.Sweep(ctx, a.naming)
	if err == nil && removed > 0 {
		a.Logger.InfoContext(ctx, "attachments that no matter names were removed", slog.Int("count", removed))
	}
	return err
}

// naming asks the services which of the marked subjects do name an attachment. If a service does
// not answer, naming fails, and the attachment is kept.
func (a *Attachments) naming(ctx context.Context, id string, subjects []string) ([]string, error) {
	asked := map[string][]string{}
	for _, subject := range subjects {
		collection, _, _ := strings.Cut(subject, "/")
		asked[collection] = append(asked[collection], subject)
	}
	var naming []string
	for collection, marked := range asked {
		service := a.Services[collection]
		if service == nil {
			continue
		}
		response, err := caseworkv1.NewSuiteServiceClient(service).CheckAttachments(ctx, &caseworkv1.CheckAttachmentsRequest{AttachmentId: id, Subjects: marked})
		if err != nil {
			return nil, err
		}
		naming = append(naming, response.GetNaming()...)
	}
	return naming, nil
}
