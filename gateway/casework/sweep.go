package casework

import (
	"context"
	"log/slog"
	"strings"
	"time"

	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// sweepEvery is the interval between searches for attachments that no matter names.
const sweepEvery = 10 * time.Minute

func (c *Casework) sweeps(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		removed, err := c.config.Attachments.Sweep(ctx, c.naming)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			c.config.Logger.ErrorContext(ctx, "sweep attachments", slog.String("error", err.Error()))
		case removed > 0:
			c.config.Logger.InfoContext(ctx, "attachments that nothing names are removed", slog.Int("count", removed))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// naming asks the services which of the marked subjects do name an attachment. If a service does
// not answer, naming fails, and the attachment is kept.
func (c *Casework) naming(ctx context.Context, id string, subjects []string) ([]string, error) {
	asked := map[string][]string{}
	for _, subject := range subjects {
		collection, _, _ := strings.Cut(subject, "/")
		asked[collection] = append(asked[collection], subject)
	}
	var naming []string
	for collection, marked := range asked {
		service := c.config.Services[collection]
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
