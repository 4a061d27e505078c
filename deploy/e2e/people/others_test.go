package people

// elsewhere are the methods that the walk of TestOutsideEqualsNonexistent does not probe, each with the reason.
var elsewhere = map[string]string{
	"koppi.exchange.v1.ExchangeService/Exchange":                "systems alone; they read the mailbox whole",
	"koppi.exchange.v1.ExchangeService/Watch":                   "names nothing: TestWatch",
	"koppi.exchange.v1.ExchangeService/OpenConsumer":            "systems alone; names no matter",
	"koppi.exchange.v1.ExchangeService/AcknowledgeMessages":     "systems alone; names no matter",
	"koppi.exchange.v1.ParkingService/ListParked":               "systems and operators alone",
	"koppi.exchange.v1.EndpointService/GetEndpoint":             "systems and operators alone; names no matter",
	"koppi.exchange.v1.EndpointService/PingEndpoint":            "systems and operators alone; names no matter",
	"koppi.exchange.v1.EndpointService/DeliverNow":              "systems and operators alone; names no matter",
	"koppi.exchange.v1.EndpointService/RewindEndpoint":          "systems alone; names no matter",
	"koppi.casework.v1.CaseworkService/GetLoad":                 "counts alone, for who shares out the work of a unit",
	"koppi.casework.v1.CaseworkService/GetAgencies":             "the directory",
	"koppi.casework.v1.CaseworkService/GetCodes":                "the lists of codes",
	"koppi.casework.v1.CaseworkService/GetServerInfo":           "the version",
	"koppi.casework.v1.CaseworkService/FindUnits":               "the directory",
	"koppi.casework.v1.CaseworkService/ListGrounds":             "the grounds",
	"koppi.casework.v1.CaseworkService/ListGroundTexts":         "the grounds",
	"koppi.casework.v1.CaseworkService/ListColleagues":          "workers; names no matter, client or case",
	"koppi.casework.v1.CaseworkService/PutColleague":            "workers; names no matter, client or case",
	"koppi.casework.v1.CaseworkService/GetRoster":               "workers; names no matter, client or case",
	"koppi.casework.v1.CaseworkService/SetDuty":                 "workers; names no matter, client or case",
	"koppi.casework.v1.CaseworkService/SetAbsence":              "workers; names no matter, client or case",
	"koppi.casework.v1.CaseworkService/OpenEmergencyReading":    "opens what is outside, for a reason that is reviewed; its answer is alike whether there is anything",
	"koppi.casework.v1.CaseworkService/ListEmergencyReadings":   "lists what workers opened; names no matter or case",
	"koppi.casework.v1.CaseworkService/ReviewEmergencyReading":  "who leads the reader's unit; names no matter or case",
	"koppi.casework.v1.CaseworkService/GetStatistics":           "counts of the agency; names no matter, client or case",
	"koppi.attachment.v1.AttachmentService/StartUpload":         "begins an upload; names no earlier one",
	"koppi.operator.v1.OperatorService/GetOverview":             "operators alone; names no matter, client or case",
	"koppi.operator.v1.OperatorService/DeliverNow":              "operators alone; names no matter, client or case",
	"koppi.consultation.v1.ConsultationService/Converse":        "a stream both ways: TestConverse",
	"koppi.consultation.v1.ConsultationService/SetReachability": "workers; names no matter, client or case",
	"koppi.consultation.v1.ConsultationService/GetReachability": "workers; names no matter, client or case",
}

// uncontrolled are methods that refuse the worker of the unit too, whatever the matter: each with the reason.
var uncontrolled = map[string]string{
	"koppi.exchange.v1.ExchangeService/ListMessages": "systems alone",
	"koppi.exchange.v1.ParkingService/RetryParked":   "systems and operators alone",
	"koppi.exchange.v1.ParkingService/ChangeParked":  "systems and operators alone",
	"koppi.operator.v1.OperatorService/ListSpans":    "operators alone",
}
