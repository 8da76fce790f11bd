package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"mislaid/sources/gdrive"
)

func checkDrive(ctx context.Context, a *app, t target, f *crawlFlags) ([]checked, error) {
	src, err := newDrive(ctx, a, t, f, false)
	if err != nil {
		return nil, err
	}
	defer func() { _ = src.Close() }() // it only reads
	o, err := src.Overview(ctx)
	if err != nil {
		return nil, err
	}
	return driveAnswers(o), nil
}

// grantAt is where a scope is granted to a service account.
func grantAt(clientID, scope string) string {
	if clientID == "" {
		clientID = "(the service account's numeric ID)"
	}
	return "admin.google.com, Security, Access and data control, API controls, Domain-wide delegation: client " + clientID + ", add " + scope
}

// driveAnswers puts an overview into words.
func driveAnswers(o gdrive.Overview) []checked {
	var all []checked
	say := func(topic string, state checkState, remedy, format string, args ...any) {
		all = append(all, checked{topic, state, fmt.Sprintf(format, args...), remedy})
	}
	if o.Account == "" {
		say("who", checkOK, "", "%s, signed in; only what this account sees is read", o.Me)
	} else {
		say("who", checkOK, "", "the service account %s, which acts as each person; the Directory is asked as %s", o.Account, o.Me)
	}
	slices.Sort(o.Domains)
	switch {
	case len(o.Domains) == 0:
		say("domains", checkOK, "", "an account of no organisation: everybody else counts as an outsider")
	case o.DomainsWhy != nil:
		say("domains", checkWarning, grantAt(o.ClientID, gdrive.ScopeDomains), "inside is %s; whether there are more could not be asked: %v", strings.Join(o.Domains, ", "), o.DomainsWhy)
	case o.Account == "":
		say("domains", checkWarning, "scan as the organisation (gdrive:domain=…)", "inside is %s; people of the organisation's other domains count as outsiders, and who is in a group stays unresolved", strings.Join(o.Domains, ", "))
	default:
		say("domains", checkOK, "", "inside is %s", strings.Join(o.Domains, ", "))
	}
	for _, s := range o.Scopes {
		switch {
		case s.Err == nil:
			say("scopes", checkOK, "", "%s: %s", s.Scope, s.Why)
		case s.Needed:
			say("scopes", checkMissing, grantAt(o.ClientID, s.Scope), "%s is missing: %s", s.Scope, s.Why)
		default:
			say("scopes", checkWarning, grantAt(o.ClientID, s.Scope), "%s is missing: %s", s.Scope, s.Why)
		}
	}
	if o.PeopleKnown {
		say("people", checkOK, "", "%d accounts, of which %d are suspended or archived: their files are audited, their content cannot be read; %d are left out by --exclude-users and --exclude-ou", o.People, o.Suspended, o.LeftOut)
	}
	switch {
	case o.DrivesWhy != nil:
		say("drives", checkMissing, grantAt(o.ClientID, gdrive.ScopeContent), "shared drives cannot be listed: %v", o.DrivesWhy)
	default:
		say("drives", checkOK, "", "%d shared drives, of which %d can be read", o.Drives, o.Drives-len(o.Uncovered))
	}
	for _, u := range o.Uncovered {
		say("drives", checkMissing, "admin.google.com, Apps, Google Workspace, Drive and Docs, Manage shared drives: make somebody of the organisation a manager of "+u.ID, "%s is not covered: %v", u.Name, u.Why)
	}
	if o.Docs != nil {
		say("docs", checkWarning, "console.cloud.google.com, APIs and services, enable docs.googleapis.com", "documents are read by export, which may hold fewer tabs and no suggestions: %v", o.Docs)
	} else {
		say("docs", checkOK, "", "documents are read with all tabs and suggestions")
	}
	say("cost", checkOK, "", "at least %d requests to list (one for each account and drive, and one more for every 1,000 files), which is %v at Google's quota; a file takes two more, and its bytes count towards the 1 TB a day that a project may download", o.Requests, o.Least)
	say("untried", checkWarning, "please report what differs", "this connector has been run against a server made from Google's discovery documents, not yet against a real domain: what a request costs in quota units, how long page tokens live, which tabs and suggestions real documents hold, and how late the log is are Google's documentation's word")
	say("tell", checkWarning, "", "the security team, before the crawl: %s, user agent mislaid, this machine's address; reads are logged as downloads by the person whose file it is", ownName(o))
	return all
}

func ownName(o gdrive.Overview) string {
	if o.Account != "" {
		return "service account " + o.Account + " (client " + o.ClientID + ")"
	}
	return "account " + o.Me
}

func permissionsDrive(w io.Writer) error {
	var scopes []string
	for _, s := range gdrive.DelegatedScopes() {
		scopes = append(scopes, fmt.Sprintf("     %s\n         %s", s.Scope, s.Why))
	}
	_, err := fmt.Fprintf(w, drivePermissions, gdrive.ScopeContent, strings.Join(scopes, "\n"))
	return err
}

const drivePermissions = `Google Drive. Nothing here can change, share or delete a file.

For one person (mislaid scan gdrive:), with an OAuth client of your own:

  1. console.cloud.google.com: make or choose a project; under APIs and services,
     Library, enable "Google Drive API" and "Google Docs API".
  2. Google Auth Platform, Branding: fill in name and address. Audience: Internal
     for an organisation, else External with yourself as a test user (Google then
     ends the sign-in after seven days). Data access: add
       %s
  3. Clients, Create client, "Desktop app"; download its JSON, and:
       chmod 600 client.json
       mislaid check --gdrive-client file:client.json gdrive:
     Your browser opens once. The sign-in is kept in the desktop's keyring or,
     where there is none, in a file that only you can read; which one, is said.
     Take it back at myaccount.google.com/connections.
  Or without a client of your own, through gcloud:
       gcloud auth application-default login --scopes=openid,https://www.googleapis.com/auth/cloud-platform,https://www.googleapis.com/auth/drive.readonly
       mislaid check --gdrive-adc gdrive:

For an organisation (mislaid scan --reason "…" gdrive:domain=example.com):

  1. In a project of its own enable "Google Drive API", "Google Docs API", "Admin
     SDK API" and "Groups Settings API".
  2. IAM and admin, Service accounts: create one, without any role. Note its
     numeric unique ID.
  3. admin.google.com, as a super administrator: Security, Access and data control,
     API controls, Domain-wide delegation, Add new: that ID, and these scopes, the
     least first; leave out what you do not want:
%s
  4. Name an administrator whose role may read users, groups and domains (and
     reports, for --viewers), and who may manage Drive and Docs: --gdrive-admin.
  5. With a key: Service accounts, Keys, Add key, JSON;
       chmod 600 key.json
       mislaid check --gdrive-key file:key.json --gdrive-admin admin@example.com gdrive:domain=example.com
     Without a key (better: there is nothing to lose): grant yourself, or the
     machine's own service account, roles/iam.serviceAccountTokenCreator on the
     service account, enable "IAM Service Account Credentials API", and:
       gcloud auth application-default login
       mislaid check --gdrive-account NAME@PROJECT.iam.gserviceaccount.com --gdrive-admin admin@example.com gdrive:domain=example.com
  6. Delete the delegation when the crawl is over.
`
