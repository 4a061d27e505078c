package testkit

import (
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/scenario"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// The parties that act in most tests, as the scenarios' directory has them.
var (
	Kela       = &commonv1.Party{Agency: "kela", Unit: "toimeentulotuki"}
	County     = &commonv1.Party{Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio"}
	Health     = &commonv1.Party{Agency: "terveys-pohjois-savo", Unit: "terveysasema-kuopio"}
	Employment = &commonv1.Party{Agency: "tyollisyys-kuopio"}
)

// AnnaCode is the identity code of the client Anna, the token "client" of a Fixture.
const AnnaCode = "010594Y9032"

// Anna names the client Anna in a request.
func Anna() *commonv1.Client { return ClientOf(AnnaCode) }

// ClientOf names a client in a request by an identity code.
func ClientOf(code string) *commonv1.Client {
	return &commonv1.Client{Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: code}, Language: "fi"}
}

// PersonCode returns the identity code of the n-th test person, another for each n. No real person
// has a code with a number from 900 to 999.
func PersonCode(n int) string {
	born := time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n/90)
	var day int
	_ = Must(fmt.Sscanf(born.Format("020106"), "%d", &day))
	number, century := 905+n%90, '-'
	if born.Year() >= 2000 {
		century = 'A'
	}
	return fmt.Sprintf("%06d%c%03d%c", day, century, number, "0123456789ABCDEFHJKLMNPRSTUVWXY"[(day*1000+number)%31])
}

// SystemOf is the system of an agency.
func SystemOf(agency string) scenario.CastParty {
	return scenario.CastParty{Agency: agency, Role: "system"}
}

// WithToken returns the test's context with a caller's token.
func WithToken(t testing.TB, token string) context.Context {
	return metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token)
}

// As returns a context in which a worker of a party calls, or, without a worker, its system. It
// issues the token over the connection.
func As(t testing.TB, conn grpc.ClientConnInterface, party *commonv1.Party, worker, role string) context.Context {
	t.Helper()
	return WithToken(t, IssueToken(t, conn, &devv1.IssueTokenRequest{Agency: party.GetAgency(), Unit: party.GetUnit(), Worker: worker, Role: role}))
}

// IssueToken issues a token over a connection to a Koppi on trial.
func IssueToken(t testing.TB, conn grpc.ClientConnInterface, to *devv1.IssueTokenRequest) string {
	t.Helper()
	return Insist(t, t.Context(), devv1.NewDevServiceClient(conn).IssueToken, to).GetToken()
}
