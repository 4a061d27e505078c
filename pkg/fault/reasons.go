// Package fault holds the closed list of reasons for which Koppi refuses, and turns a refusal into a gRPC
// status that tells a person what to do.
package fault

import "google.golang.org/grpc/codes"

// Reason is an ErrorInfo.reason: stable, for programs. The list is closed; a reason is added only if a person
// needs different advice.
type Reason string

const (
	TokenRequired         Reason = "TOKEN_REQUIRED"
	TokenInvalid          Reason = "TOKEN_INVALID"
	TokenExpired          Reason = "TOKEN_EXPIRED"
	CertificateRefused    Reason = "CERTIFICATE_REFUSED"
	SessionEnded          Reason = "SESSION_ENDED"
	SignInFailed          Reason = "SIGN_IN_FAILED"
	CrossSite             Reason = "CROSS_SITE"
	InvalidField          Reason = "INVALID_FIELD"
	InvalidIdentityCode   Reason = "INVALID_IDENTITY_CODE"
	UnknownParty          Reason = "UNKNOWN_PARTY"
	UnknownClient         Reason = "UNKNOWN_CLIENT"
	NotFound              Reason = "NOT_FOUND"
	RequestIDReused       Reason = "REQUEST_ID_REUSED"
	RoleNotAllowed        Reason = "ROLE_NOT_ALLOWED"
	ProfessionNotAllowed  Reason = "PROFESSION_NOT_ALLOWED"
	NotAMember            Reason = "NOT_A_MEMBER"
	NoLiveMatter          Reason = "NO_LIVE_MATTER"
	StaleEtag             Reason = "STALE_ETAG"
	IllegalStep           Reason = "ILLEGAL_STEP"
	MatterFull            Reason = "MATTER_FULL"
	LegalBasisRequired    Reason = "LEGAL_BASIS_REQUIRED"
	ConsentWithdrawn      Reason = "CONSENT_WITHDRAWN"
	ConsentExpired        Reason = "CONSENT_EXPIRED"
	ConsentNotCovering    Reason = "CONSENT_NOT_COVERING"
	TransferProhibited    Reason = "TRANSFER_PROHIBITED"
	SecondOfficerRequired Reason = "SECOND_OFFICER_REQUIRED"
	AttestationRequired   Reason = "ATTESTATION_REQUIRED"
	TopicRequired         Reason = "TOPIC_REQUIRED"
	ContentNotAllowed     Reason = "CONTENT_NOT_ALLOWED"
	ExplanationRequired   Reason = "EXPLANATION_REQUIRED"
	InvalidCursor         Reason = "INVALID_CURSOR"
	InvalidPageToken      Reason = "INVALID_PAGE_TOKEN"
	HistoryDiverged       Reason = "HISTORY_DIVERGED"
	TakenOver             Reason = "TAKEN_OVER"
	AttachmentUnavailable Reason = "ATTACHMENT_UNAVAILABLE"
	FileNameNotAllowed    Reason = "FILE_NAME_NOT_ALLOWED"
	MediaTypeNotAllowed   Reason = "MEDIA_TYPE_NOT_ALLOWED"
	MalwareFound          Reason = "MALWARE_FOUND"
	WrongOffset           Reason = "WRONG_OFFSET"
	UploadDiffers         Reason = "UPLOAD_DIFFERS"
	UploadsWaiting        Reason = "UPLOADS_WAITING"
	TooLarge              Reason = "TOO_LARGE"
	Busy                  Reason = "BUSY"
	TooManyOpenReports    Reason = "TOO_MANY_OPEN_REPORTS"
	Unavailable           Reason = "UNAVAILABLE"
	NotServed             Reason = "NOT_SERVED"
	Internal              Reason = "INTERNAL"
)

// entry is the meaning of a reason: its status code and what the caller can do.
type entry struct {
	code   codes.Code
	advice string
}

var table = map[Reason]entry{
	TokenRequired:         {codes.Unauthenticated, "send a bearer token of your agency's issuer"},
	TokenInvalid:          {codes.Unauthenticated, "get a new token from your agency's issuer, for this audience"},
	TokenExpired:          {codes.Unauthenticated, "get a new token from your agency's issuer"},
	CertificateRefused:    {codes.Unauthenticated, "show the certificate whose name your agency agreed with the operator"},
	SessionEnded:          {codes.Unauthenticated, "sign in again"},
	SignInFailed:          {codes.Unauthenticated, "sign in again; if it stays, ask your agency whether your account has one role and one unit in Koppi"},
	CrossSite:             {codes.PermissionDenied, "call from Koppi's own pages, or with a bearer token"},
	InvalidField:          {codes.InvalidArgument, "correct the named fields and send again"},
	InvalidIdentityCode:   {codes.InvalidArgument, "check the identity code with the client or in the register"},
	UnknownParty:          {codes.InvalidArgument, "choose an agency and unit of the directory"},
	UnknownClient:         {codes.InvalidArgument, "name the client by the identity code"},
	NotFound:              {codes.NotFound, "check the id; only parties to a matter can see it"},
	RequestIDReused:       {codes.AlreadyExists, "use a fresh request_id for a new request"},
	RoleNotAllowed:        {codes.PermissionDenied, "leave this step to the party whose step it is"},
	ProfessionNotAllowed:  {codes.PermissionDenied, "hand it to a social worker"},
	NoLiveMatter:          {codes.PermissionDenied, "record it where your agency has a matter of this client under way with another agency; the person records it on their own page"},
	NotAMember:            {codes.PermissionDenied, "join the plan first"},
	StaleEtag:             {codes.Aborted, "read it again and decide on what you then see"},
	IllegalStep:           {codes.FailedPrecondition, "take one of the allowed steps"},
	MatterFull:            {codes.FailedPrecondition, "end this matter and go on in a new one; what ends it, answers or acknowledges is taken all the same"},
	LegalBasisRequired:    {codes.InvalidArgument, "give ground, provision and, with consent, its time"},
	ConsentWithdrawn:      {codes.FailedPrecondition, "ask the client anew, and say when they consented"},
	ConsentExpired:        {codes.FailedPrecondition, "ask the client anew"},
	ConsentNotCovering:    {codes.FailedPrecondition, "cite a consent that is yours to cite and covers service and receiver, or ask the client anew"},
	TransferProhibited:    {codes.FailedPrecondition, "talk with the client; where a law requires it all the same, ask for an override"},
	SecondOfficerRequired: {codes.PermissionDenied, "leave it to another worker of your agency"},
	AttestationRequired:   {codes.InvalidArgument, "vouch that consent is unobtainable, and for inability or a child's interest"},
	TopicRequired:         {codes.InvalidArgument, "choose at least one topic"},
	ContentNotAllowed:     {codes.InvalidArgument, "leave out what the ground does not allow"},
	ExplanationRequired:   {codes.InvalidArgument, "give the reason in words"},
	InvalidCursor:         {codes.InvalidArgument, "send back a cursor as you got it from this mailbox"},
	InvalidPageToken:      {codes.InvalidArgument, "send back the token as you got it, with the same request"},
	HistoryDiverged:       {codes.FailedPrecondition, "the history does not hold this cursor; compare your copy and start over from an agreed point"},
	TakenOver:             {codes.Aborted, "another reader has opened this consumer; open it again to take it back"},
	AttachmentUnavailable: {codes.InvalidArgument, "name what your own agency uploaded and finished, for this client"},
	FileNameNotAllowed:    {codes.InvalidArgument, "give it a plain name, of a paper and not of a program"},
	MediaTypeNotAllowed:   {codes.InvalidArgument, "send it as PDF, picture, text or office document without macros"},
	MalwareFound:          {codes.InvalidArgument, "do not send it on; have the device it comes from examined"},
	WrongOffset:           {codes.FailedPrecondition, "go on at next_offset, in whole chunks"},
	UploadDiffers:         {codes.InvalidArgument, "upload it anew, with a fresh request_id"},
	UploadsWaiting:        {codes.ResourceExhausted, "send what you have uploaded with a message, or wait: what no message names is removed after a day"},
	TooLarge:              {codes.ResourceExhausted, "send less in one message; the limit is 4 MiB"},
	Busy:                  {codes.ResourceExhausted, "slow down and try again"},
	TooManyOpenReports:    {codes.FailedPrecondition, "answer, withdraw or wait for the end of those; what is new goes to the receiver as information"},
	Unavailable:           {codes.Unavailable, "try again in a moment with the same request_id"},
	NotServed:             {codes.Unimplemented, "call one of the services that are served here"},
	Internal:              {codes.Internal, "try again; if it stays, give the operator the time of the call"},
}

// Reasons returns the closed list.
func Reasons() []Reason {
	all := make([]Reason, 0, len(table))
	for reason := range table {
		all = append(all, reason)
	}
	return all
}
