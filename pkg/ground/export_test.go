package ground

// ProvisionForm is the form of provisions, for the comparison with the contract's.
var ProvisionForm = provisionForm.String()
