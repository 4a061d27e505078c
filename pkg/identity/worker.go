package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"koppi.internal/pkg/idcode"
)

// maxName is the longest name of a worker, in characters.
const maxName = 100

// roleOf returns the role of a token and, for a team leader, the profession, which may be empty. The claim of
// the profession is not read for other roles. A list of roles may name team_leader and one profession together.
func roleOf(claims map[string]any, from issuer) (role, profession Role, err error) {
	found, ok := recognized(claims, from.Claims.Role, from.Roles, func(role Role) bool {
		return role.known() || role == RoleSuite && from.suite
	})
	role, listed, single := together(found)
	if !ok || !single {
		return "", "", invalidToken("its role is missing or not accepted")
	}
	if role == "" {
		role = from.Role
	}
	if role != RoleTeamLeader {
		return role, "", nil
	}
	profession, ok = pick(claims, from.Claims.Profession, from.Roles, Role.IsProfession)
	switch {
	case !ok:
		return "", "", invalidToken("its profession is unknown or malformed")
	case profession == "":
		profession = listed
	case listed != "" && listed != profession:
		return "", "", invalidToken("it names two professions")
	}
	return role, profession, nil
}

// together returns the one role among those that a claim names, empty if there are none, and the profession
// beside team_leader. It returns false for any other two roles: nobody chose between them.
func together(found []Role) (role, profession Role, ok bool) {
	switch len(found) {
	case 0:
		return "", "", true
	case 1:
		return found[0], "", true
	case 2:
		for i, one := range found {
			if other := found[1-i]; one == RoleTeamLeader && other.IsProfession() {
				return one, other, true
			}
		}
	}
	return "", "", false
}

// nameOf returns the name of a worker for people to read. It is empty if the claim is missing, has another
// type, or cannot be shown: a name is never a reason to refuse a token.
func nameOf(claims map[string]any, path string) string {
	name, _ := text(claims, path)
	name = strings.TrimSpace(name)
	hidden := func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }
	if utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, hidden) || idcode.In(name) {
		return ""
	}
	return name
}
