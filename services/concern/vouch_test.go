package concern_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/service"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// recording is the call by which the gateway records a directive.
type recording struct{ called }

func (recording) Method() string { return caseworkv1.MatterService_RecordWish_FullMethodName }

// A service that knows a live matter vouches to another service for one directive of one agency about one
// client, for a minute. The service that recorded the directive vouches for its repetition.
func TestVouchersAreForOneWish(t *testing.T) {
	knows := startDirectives(t)
	other := &directives{t: t, secrets: knows.secrets}
	other.tested, other.store = start(t, func(deps *service.Deps) { deps.Secrets = knows.secrets })
	other.Register(&other.casework)
	sent, err := knows.send(report())
	if err != nil {
		t.Fatal(err)
	}
	prohibit := func(client *commonv1.Client) *caseworkv1.RecordWishRequest {
		return &caseworkv1.RecordWishRequest{Wish: &caseworkv1.RecordWishRequest_Prohibit{
			Prohibit: &consentv1.ProhibitTransferRequest{RequestId: uuid.NewString(), Client: client, Recipient: toHVA(), Reason: "Asiakas pyysi."},
		}}
	}
	vouch := func(w *directives, ctx context.Context, r *caseworkv1.RecordWishRequest) string {
		t.Helper()
		said, err := w.casework.Vouch(ctx, &caseworkv1.VouchRequest{Record: r})
		if err != nil {
			t.Fatal(err)
		}
		return said.GetVoucher()
	}
	one := prohibit(anna)
	if vouch(knows, kela(t), one) != "" {
		t.Error("it vouches for a report that nobody has taken")
	}
	if _, err := knows.TakeConcern(hva(t), &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: sent}); err != nil {
		t.Fatal(err)
	}
	voucher := vouch(knows, kela(t), one)
	if voucher == "" || vouch(other, kela(t), one) != "" {
		t.Fatalf("%q", voucher)
	}
	payload, _ := knows.secrets.OpenToken("voucher", "kela", voucher)
	late := &caseworkv1.Voucher{}
	if err := proto.Unmarshal(payload, late); err != nil {
		t.Fatal(err)
	}
	late.Until = timestamppb.New(time.Now().Add(-time.Second))
	payload, _ = proto.Marshal(late)
	bob := &commonv1.Client{Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: "020516C903K"}}
	ofBob := proto.CloneOf(one)
	ofBob.GetProhibit().Client = bob
	ofBob.GetProhibit().RequestId = one.GetProhibit().GetRequestId()
	reworded := proto.CloneOf(one)
	reworded.GetProhibit().Recipient = &consentv1.Recipient{Of: &consentv1.Recipient_Agency{Agency: "kela"}}
	shown := func(ctx context.Context, voucher string) context.Context {
		ctx = grpc.NewContextWithServerTransportStream(ctx, recording{})
		return metadata.NewIncomingContext(ctx, metadata.Pairs(caller.MetadataVoucher, voucher))
	}
	for name, test := range map[string]struct {
		ctx  context.Context
		r    *caseworkv1.RecordWishRequest
		want fault.Reason
	}{
		"without":              {kela(t), one, fault.NoLiveMatter},
		"invented":             {shown(kela(t), "AAAA"), one, fault.NoLiveMatter},
		"of another agency":    {shown(as(t, "hva", "b", "ps-21", identity.RoleSocialWorker), voucher), one, fault.NoLiveMatter},
		"of another directive": {shown(kela(t), voucher), prohibit(anna), fault.NoLiveMatter},
		"of another receiver":  {shown(kela(t), voucher), reworded, fault.NoLiveMatter},
		"of another client":    {shown(kela(t), voucher), ofBob, fault.NoLiveMatter},
		"a minute old":         {shown(kela(t), knows.secrets.Token("voucher", "kela", payload)), one, fault.NoLiveMatter},
	} {
		if _, err := other.record(test.ctx, test.r); fault.ReasonOf(err) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	recorded, err := other.record(shown(kela(t), voucher), one)
	if err != nil || len(recorded.GetWaiting()) != 1 {
		t.Fatalf("%v, %v", recorded, err)
	}
	if again, err := other.record(shown(kela(t), ""), one); err != nil || len(again.GetWaiting()) != 1 {
		t.Errorf("the repetition: %v, %v", again, err)
	}
	if vouch(other, kela(t), one) == "" || vouch(other, kela(t), prohibit(anna)) != "" {
		t.Error("it vouches for another directive than its own, or not for its own")
	}
}
