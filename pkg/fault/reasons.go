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
	OnBehalfNotAllowed    Reason = "ON_BEHALF_NOT_ALLOWED"
	NotAMember            Reason = "NOT_A_MEMBER"
	NoLiveMatter          Reason = "NO_LIVE_MATTER"
	StaleEtag             Reason = "STALE_ETAG"
	IllegalStep           Reason = "ILLEGAL_STEP"
	AskFirst              Reason = "ASK_FIRST"
	MatterFull            Reason = "MATTER_FULL"
	LegalBasisRequired    Reason = "LEGAL_BASIS_REQUIRED"
	GroundUnknown         Reason = "GROUND_UNKNOWN"
	GroundNotLawful       Reason = "GROUND_NOT_LAWFUL"
	ClientAge             Reason = "CLIENT_AGE"
	NamedWorkerRequired   Reason = "NAMED_WORKER_REQUIRED"
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
	TokenRequired:         {codes.Unauthenticated, "send a bearer token from your agency's issuer"},
	TokenInvalid:          {codes.Unauthenticated, "get a new token for this audience from your agency's issuer"},
	TokenExpired:          {codes.Unauthenticated, "get a new token from your agency's issuer"},
	CertificateRefused:    {codes.Unauthenticated, "present the certificate whose name your agency has registered with the operator"},
	SessionEnded:          {codes.Unauthenticated, "sign in again"},
	SignInFailed:          {codes.Unauthenticated, "sign in again; if it fails again, ask your agency whether your account has exactly one role and one unit in Koppi"},
	CrossSite:             {codes.PermissionDenied, "call from Koppi's own pages, or send a bearer token"},
	InvalidField:          {codes.InvalidArgument, "correct the named fields and send the request again"},
	InvalidIdentityCode:   {codes.InvalidArgument, "check the identity code with the client or in the population register"},
	UnknownParty:          {codes.InvalidArgument, "name an agency and unit that are in the directory"},
	UnknownClient:         {codes.InvalidArgument, "identify the client by the identity code"},
	NotFound:              {codes.NotFound, "check the id; only the parties to a matter can see it"},
	RequestIDReused:       {codes.AlreadyExists, "use a new request_id for a new request"},
	RoleNotAllowed:        {codes.PermissionDenied, "leave this to a caller whose role allows it"},
	ProfessionNotAllowed:  {codes.PermissionDenied, "leave this step to a social worker"},
	OnBehalfNotAllowed:    {codes.PermissionDenied, "name a worker for whom the directory lets your system act; record a new worker with PutColleague, or ask the operator to change the directory"},
	NoLiveMatter:          {codes.PermissionDenied, "an agency can record this only while it has a live matter of the client with another agency; the client can record it on their own page"},
	NotAMember:            {codes.PermissionDenied, "join the plan first"},
	StaleEtag:             {codes.Aborted, "read the matter again and decide from its current state"},
	IllegalStep:           {codes.FailedPrecondition, "take one of the allowed steps"},
	MatterFull:            {codes.FailedPrecondition, "end this matter and go on in a new one; steps that end, answer or acknowledge are still accepted"},
	LegalBasisRequired:    {codes.InvalidArgument, "give the ground, the provision and, for consent, when it was given"},
	GroundUnknown:         {codes.InvalidArgument, "name a ground that is in force now, by its key"},
	GroundNotLawful:       {codes.InvalidArgument, "name a ground that is lawful for your unit, the receiver and what you send"},
	ClientAge:             {codes.InvalidArgument, "check the client's date of birth, or name a ground that has no age limit"},
	NamedWorkerRequired:   {codes.PermissionDenied, "name the worker who attests this; a system can send it only on behalf of one"},
	ConsentWithdrawn:      {codes.FailedPrecondition, "ask the client for a new consent, and state when it was given"},
	ConsentExpired:        {codes.FailedPrecondition, "ask the client for a new consent"},
	ConsentNotCovering:    {codes.FailedPrecondition, "cite a consent that your agency may cite and that covers the service and the receiver, or ask the client for a new one"},
	TransferProhibited:    {codes.FailedPrecondition, "talk with the client; if a law requires the transfer nevertheless, request an override"},
	SecondOfficerRequired: {codes.PermissionDenied, "leave this to another worker of your agency"},
	AttestationRequired:   {codes.InvalidArgument, "attest that consent cannot be obtained, and that the client is unable to care for themselves or that the interest of a child requires the report"},
	TopicRequired:         {codes.InvalidArgument, "give at least one topic"},
	ContentNotAllowed:     {codes.InvalidArgument, "remove the content that the ground does not allow"},
	AskFirst:              {codes.FailedPrecondition, "ask the sender for what is missing; decline if it does not come"},
	ExplanationRequired:   {codes.InvalidArgument, "explain the reason in words"},
	InvalidCursor:         {codes.InvalidArgument, "send a cursor of this mailbox unchanged"},
	InvalidPageToken:      {codes.InvalidArgument, "send the page token unchanged, with the same request"},
	HistoryDiverged:       {codes.FailedPrecondition, "the history does not contain this cursor; compare your copy with it and resume from an agreed position"},
	TakenOver:             {codes.Aborted, "another reader has opened this consumer; open it again to take it over"},
	AttachmentUnavailable: {codes.InvalidArgument, "name only attachments that your agency uploaded and finished for this client"},
	FileNameNotAllowed:    {codes.InvalidArgument, "give the file the plain name of a document, not that of a program"},
	MediaTypeNotAllowed:   {codes.InvalidArgument, "send a PDF, an image, text, or an office document without macros"},
	MalwareFound:          {codes.InvalidArgument, "do not forward the file, and have the device from which it comes examined"},
	WrongOffset:           {codes.FailedPrecondition, "continue at next_offset"},
	UploadDiffers:         {codes.InvalidArgument, "upload the file again, with a new request_id"},
	UploadsWaiting:        {codes.ResourceExhausted, "send the uploaded attachments with a message, or wait: an attachment that no message names is removed after a day"},
	TooLarge:              {codes.ResourceExhausted, "send less in one message; the limit is 4 MiB"},
	Busy:                  {codes.ResourceExhausted, "slow down and try again"},
	TooManyOpenReports:    {codes.FailedPrecondition, "answer or withdraw the open reports, or wait until they end; send new facts to the receiver as information"},
	Unavailable:           {codes.Unavailable, "try again in a moment with the same request_id"},
	NotServed:             {codes.Unimplemented, "call a service that this server provides"},
	Internal:              {codes.Internal, "try again; if it fails again, tell the operator the time of the call"},
}

// Reasons returns the closed list.
func Reasons() []Reason {
	all := make([]Reason, 0, len(table))
	for reason := range table {
		all = append(all, reason)
	}
	return all
}

// AdviceOf returns what a caller can do about a refusal with a reason; empty for a reason that is not of the list.
func AdviceOf(reason Reason) string { return table[reason].advice }
