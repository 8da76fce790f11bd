package awstest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// worldServices are the services that a World answers, by the name that requests
// are signed for.
var worldServices = []string{"sts", "iam", "organizations", "cloudtrail"}

// inWorld marks a call that passed all checks and is the World's to answer.
const inWorld = "in the world"

// World is one account with its users, roles and policies, and the organisation
// that it is in, as far as an audit reads them. Documents are plain JSON. Safe
// for concurrent use; its fields are not to be changed once it serves.
type World struct {
	Account  string
	Alias    string
	Users    map[string]*User
	Roles    map[string]*Role
	Groups   map[string]Policies
	Managed  map[string]string // documents by ARN
	Denied   []string          // actions that are refused, service:Name
	Trails   []bool            // whether each is logging
	Org      *Org
	Accounts map[string]string // by key id, for GetAccessKeyInfo
	Events   []Event
	// Assume are the keys that sts:AssumeRole hands out, by role ARN.
	Assume map[string]Key

	mu      sync.Mutex
	actions []string
	asked   map[string]int // how often a key id was asked about
}

// User is an IAM user.
type User struct {
	Path     string
	Keys     []UserKey
	Policies Policies
	Groups   []string
	Boundary string // ARN
	MFA      bool
	Console  bool
	Tags     map[string]string
}

// UserKey is a key of a user.
type UserKey struct {
	ID       string
	Inactive bool
	Created  time.Time
	Used     time.Time // zero: never
	Service  string
	Region   string
}

// Role is an IAM role.
type Role struct {
	Path     string
	Trust    string
	Policies Policies
}

// Policies are the policies that hang on something: managed ones by ARN, inline
// ones by name.
type Policies struct {
	Attached []string
	Inline   map[string]string
}

// Org is an organisation.
type Org struct {
	ID         string
	Management string
	Names      map[string]string   // of accounts
	Parents    map[string]string   // of accounts and units
	Guards     map[string][]string // documents of service control policies, by target; nil: the type is not enabled
	Controls   map[string][]string // names of resource control policies, by target; nil: the type is not enabled
}

// Event is one use of a key in CloudTrail.
type Event struct {
	KeyID, Source, Name, Address, Agent string
	Region                              string // "" us-east-1
	At                                  time.Time
}

// Actions returns the actions that were called, each once, sorted.
func (w *World) Actions() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := slices.Clone(w.actions)
	slices.Sort(all)
	return slices.Compact(all)
}

// Asked returns how often a key id was asked about.
func (w *World) Asked(keyID string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[keyID]
}

func (w *World) serve(rw http.ResponseWriter, r *http.Request, s signed, body []byte) {
	service := s.service
	form, _ := url.ParseQuery(string(body))
	name := form.Get("Action")
	var in map[string]any
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		name = target[strings.LastIndexByte(target, '.')+1:]
		_ = json.Unmarshal(body, &in)
	}
	action := service + ":" + name
	id := form.Get("AccessKeyId")
	w.mu.Lock()
	w.actions = append(w.actions, action)
	if w.asked == nil {
		w.asked = make(map[string]int)
	}
	w.asked[id]++
	w.mu.Unlock()
	if slices.Contains(w.Denied, action) {
		w.refuse(rw, in != nil, 403, "AccessDenied")
		return
	}
	if in != nil {
		w.serveJSON(rw, name, s.region, in)
		return
	}
	result, ok := w.answer(name, form)
	if !ok {
		w.refuse(rw, false, 404, "NoSuchEntity")
		return
	}
	rw.Header().Set("Content-Type", "text/xml")
	_, _ = fmt.Fprintf(rw, `<%[1]sResponse xmlns="https://%[2]s.amazonaws.com/doc/2010-05-08/"><%[1]sResult>%[3]s</%[1]sResult><ResponseMetadata><RequestId>%[4]s</RequestId></ResponseMetadata></%[1]sResponse>`,
		name, service, result, rw.Header().Get("X-Amzn-Requestid"))
}

func (w *World) refuse(rw http.ResponseWriter, asJSON bool, status int, code string) {
	if !asJSON {
		Error(status, code, "x")(rw, nil)
		return
	}
	rw.Header().Set("Content-Type", "application/x-amz-json-1.1")
	rw.Header().Set("X-Amzn-Errortype", code)
	rw.WriteHeader(400)
	_, _ = fmt.Fprintf(rw, `{"__type":%q,"message":"x"}`, code)
}

// element writes an XML element with text in it.
func element(name, text string) string {
	return "<" + name + ">" + escape(text) + "</" + name + ">"
}

// list writes an XML list of what each of items becomes.
func list[T any](name string, items []T, each func(T) string) string {
	var b strings.Builder
	for _, it := range items {
		b.WriteString("<member>" + each(it) + "</member>")
	}
	return "<" + name + ">" + b.String() + "</" + name + "><IsTruncated>false</IsTruncated>"
}

func xmlTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// answer answers a call of IAM or STS; ok is false for NoSuchEntity.
func (w *World) answer(name string, form url.Values) (result string, ok bool) {
	user := w.Users[form.Get("UserName")]
	role := w.Roles[form.Get("RoleName")]
	group, isGroup := w.Groups[form.Get("GroupName")]
	attached := func(p Policies) (string, bool) {
		return list("AttachedPolicies", p.Attached, func(arn string) string {
			return element("PolicyName", arn[strings.LastIndexByte(arn, '/')+1:]) + element("PolicyArn", arn)
		}), true
	}
	names := func(p Policies) (string, bool) {
		var all []string
		for n := range p.Inline {
			all = append(all, n)
		}
		slices.Sort(all)
		return list("PolicyNames", all, escape), true
	}
	inline := func(p Policies) (string, bool) {
		doc, ok := p.Inline[form.Get("PolicyName")]
		return element("PolicyName", form.Get("PolicyName")) + element("PolicyDocument", url.PathEscape(doc)), ok
	}
	switch name {
	case "GetAccessKeyInfo":
		return element("Account", w.Accounts[form.Get("AccessKeyId")]), true
	case "AssumeRole":
		k, ok := w.Assume[form.Get("RoleArn")]
		return "<Credentials>" + element("AccessKeyId", k.ID) + element("SecretAccessKey", k.Secret) + element("SessionToken", k.Token) +
			element("Expiration", xmlTime(time.Now().Add(time.Hour))) + "</Credentials>", ok
	case "GetAccessKeyLastUsed":
		return w.lastUsed(form.Get("AccessKeyId"))
	case "ListAccountAliases":
		return list("AccountAliases", []string{w.Alias}, escape), true
	case "GetAccountSummary":
		return fmt.Sprintf("<SummaryMap><entry><key>Users</key><value>%d</value></entry><entry><key>AccountMFAEnabled</key><value>0</value></entry></SummaryMap>", len(w.Users)), true
	case "ListRoles":
		var all []string
		for n := range w.Roles {
			all = append(all, n)
		}
		slices.Sort(all)
		return list("Roles", all, func(n string) string { return w.role(n) }), true
	case "GetPolicy":
		_, ok := w.Managed[form.Get("PolicyArn")]
		return "<Policy>" + element("Arn", form.Get("PolicyArn")) + element("DefaultVersionId", "v1") + "</Policy>", ok
	case "GetPolicyVersion":
		doc, ok := w.Managed[form.Get("PolicyArn")]
		return "<PolicyVersion>" + element("Document", url.PathEscape(doc)) + element("VersionId", "v1") + "</PolicyVersion>", ok
	case "ListAttachedGroupPolicies":
		s, _ := attached(group)
		return s, isGroup
	case "ListGroupPolicies":
		s, _ := names(group)
		return s, isGroup
	case "GetGroupPolicy":
		return inline(group)
	}
	if strings.Contains(name, "Role") {
		if role == nil {
			return "", false
		}
		switch name {
		case "GetRole":
			return "<Role>" + w.role(form.Get("RoleName")) + "</Role>", true
		case "ListAttachedRolePolicies":
			return attached(role.Policies)
		case "ListRolePolicies":
			return names(role.Policies)
		case "GetRolePolicy":
			return inline(role.Policies)
		}
		return "", false
	}
	if user == nil {
		return "", false
	}
	switch name {
	case "ListAccessKeys":
		return list("AccessKeyMetadata", user.Keys, func(k UserKey) string {
			status := "Active"
			if k.Inactive {
				status = "Inactive"
			}
			return element("AccessKeyId", k.ID) + element("Status", status) + element("CreateDate", xmlTime(k.Created))
		}), true
	case "GetUser":
		return w.user(form.Get("UserName"), user), true
	case "ListMFADevices":
		var devices []string
		if user.MFA {
			devices = []string{"x"}
		}
		return list("MFADevices", devices, func(s string) string { return element("SerialNumber", s) }), true
	case "GetLoginProfile":
		return "<LoginProfile>" + element("CreateDate", xmlTime(time.Now())) + "</LoginProfile>", user.Console
	case "ListGroupsForUser":
		return list("Groups", user.Groups, func(g string) string { return element("GroupName", g) }), true
	case "ListAttachedUserPolicies":
		return attached(user.Policies)
	case "ListUserPolicies":
		return names(user.Policies)
	case "GetUserPolicy":
		return inline(user.Policies)
	}
	return "", false
}

func (w *World) lastUsed(id string) (string, bool) {
	for name, u := range w.Users {
		for _, k := range u.Keys {
			if k.ID != id {
				continue
			}
			used := element("ServiceName", "N/A") + element("Region", "N/A")
			if !k.Used.IsZero() {
				used = element("LastUsedDate", xmlTime(k.Used)) + element("ServiceName", k.Service) + element("Region", k.Region)
			}
			return element("UserName", name) + "<AccessKeyLastUsed>" + used + "</AccessKeyLastUsed>", true
		}
	}
	return "", false
}

func (w *World) user(name string, u *User) string {
	path := u.Path
	if path == "" {
		path = "/"
	}
	s := element("Path", path) + element("UserName", name) + element("UserId", "AIDAX") +
		element("Arn", "arn:aws:iam::"+w.Account+":user"+path+name) + element("CreateDate", "2020-01-01T00:00:00Z")
	if u.Boundary != "" {
		s += "<PermissionsBoundary>" + element("PermissionsBoundaryArn", u.Boundary) + "</PermissionsBoundary>"
	}
	var tags []string
	for k := range u.Tags {
		tags = append(tags, k)
	}
	slices.Sort(tags)
	var b strings.Builder
	for _, k := range tags {
		b.WriteString("<member>" + element("Key", k) + element("Value", u.Tags[k]) + "</member>")
	}
	return "<User>" + s + "<Tags>" + b.String() + "</Tags></User>"
}

func (w *World) role(name string) string {
	r := w.Roles[name]
	path := r.Path
	if path == "" {
		path = "/"
	}
	return element("Path", path) + element("RoleName", name) + element("RoleId", "AROAX") +
		element("Arn", "arn:aws:iam::"+w.Account+":role"+path+name) + element("CreateDate", "2020-01-01T00:00:00Z") +
		element("AssumeRolePolicyDocument", url.PathEscape(r.Trust))
}

// policiesOf lists the policies of a type that hang on a target, or says by which
// code that is refused (Organizations API reference, ListPoliciesForTarget).
func (o *Org) policiesOf(target, filter string) (all []map[string]any, code string) {
	byTarget, names := o.Guards, false
	if filter == "RESOURCE_CONTROL_POLICY" {
		byTarget, names = o.Controls, true
	}
	if byTarget == nil {
		return nil, "PolicyTypeNotEnabledException"
	}
	_, known := o.Parents[target]
	if !known && target != o.Management && !strings.HasPrefix(target, "r-") {
		return nil, "TargetNotFoundException"
	}
	all = []map[string]any{}
	for i, p := range byTarget[target] {
		id := fmt.Sprintf("p-%s-%d", target, i)
		name := id
		if names {
			name = p
		}
		all = append(all, map[string]any{"Id": id, "Name": name, "Type": filter})
	}
	return all, ""
}

// serveJSON answers a call of Organizations or CloudTrail.
func (w *World) serveJSON(rw http.ResponseWriter, name, region string, in map[string]any) {
	arg := func(name string) string { s, _ := in[name].(string); return s }
	type object = map[string]any
	out := object{}
	switch name {
	case "DescribeOrganization":
		if w.Org == nil {
			w.refuse(rw, true, 400, "AWSOrganizationsNotInUseException")
			return
		}
		out["Organization"] = object{"Id": w.Org.ID, "MasterAccountId": w.Org.Management}
	case "DescribeAccount":
		if _, ok := w.Org.Parents[arg("AccountId")]; !ok && arg("AccountId") != w.Org.Management {
			w.refuse(rw, true, 400, "AccountNotFoundException")
			return
		}
		out["Account"] = object{"Id": arg("AccountId"), "Name": w.Org.Names[arg("AccountId")]}
	case "ListParents":
		parent, ok := w.Org.Parents[arg("ChildId")]
		if !ok {
			w.refuse(rw, true, 400, "ChildNotFoundException")
			return
		}
		out["Parents"] = []object{{"Id": parent, "Type": "ORGANIZATIONAL_UNIT"}}
	case "ListPoliciesForTarget":
		all, code := w.Org.policiesOf(arg("TargetId"), arg("Filter"))
		if code != "" {
			w.refuse(rw, true, 400, code)
			return
		}
		page := 0 // one policy a page, as a long list comes
		_, _ = fmt.Sscan(arg("NextToken"), &page)
		out["Policies"] = all[min(page, len(all)):min(page+1, len(all))]
		if page+1 < len(all) {
			out["NextToken"] = fmt.Sprint(page + 1)
		}
	case "DescribePolicy":
		for target, docs := range w.Org.Guards {
			for i, doc := range docs {
				if id := fmt.Sprintf("p-%s-%d", target, i); id == arg("PolicyId") {
					out["Policy"] = object{"Content": doc}
				}
			}
		}
	case "DescribeTrails":
		all := []object{}
		for i := range w.Trails {
			all = append(all, object{"Name": fmt.Sprint("t", i), "TrailARN": fmt.Sprintf("arn:aws:cloudtrail:us-east-1:%s:trail/t%d", w.Account, i), "HomeRegion": "us-east-1"})
		}
		out["trailList"] = all
	case "GetTrailStatus":
		for i, on := range w.Trails {
			if strings.HasSuffix(arg("Name"), fmt.Sprint("/t", i)) {
				out["IsLogging"] = on
			}
		}
	case "LookupEvents":
		all := []object{}
		raw, _ := json.Marshal(in["LookupAttributes"])
		for _, e := range w.Events {
			if strings.Contains(string(raw), e.KeyID) && cmp.Or(e.Region, "us-east-1") == region {
				detail, _ := json.Marshal(object{"sourceIPAddress": e.Address, "userAgent": e.Agent, "requestID": "r"})
				all = append(all, object{"EventTime": e.At.Unix(), "EventSource": e.Source, "EventName": e.Name, "CloudTrailEvent": string(detail)})
			}
		}
		out["Events"] = all
	default:
		w.refuse(rw, true, 400, "UnknownOperationException")
		return
	}
	rw.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(rw).Encode(out)
}
