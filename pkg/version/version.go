// Package version says which version of Koppi a program is of. The programs, the kits for partners and the documents
// take it from here.
package version

// Number is the version by semantic versioning, without a leading "v". The first number is that of the contract
// (koppi.*.v1), within which things are only added. Between releases it is that of the release to come.
const Number = "1.0.0"
