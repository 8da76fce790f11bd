package drivetest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

func (c *call) adminOnly() *refusal {
	if !c.subject.Admin {
		return &refusal{403, "global", "forbidden", "Not Authorized to access this resource/api"}
	}
	return nil
}

func usersList(c *call) (any, *refusal) {
	if bad := c.adminOnly(); bad != nil {
		return nil, bad
	}
	if (c.args.Get("customer") == "") == (c.args.Get("domain") == "") {
		return nil, &refusal{400, "global", "invalid", "customer or domain"}
	}
	from, to, next, bad := c.page(len(c.Users), "maxResults", 100, 500)
	if bad != nil {
		return nil, bad
	}
	list := []object{}
	for _, u := range c.Users[from:to] {
		list = append(list, object{
			"kind": "admin#directory#user", "id": u.ID, "primaryEmail": u.Email, "name": object{"fullName": u.Name}, "suspended": u.Suspended,
			"archived": u.Archived, "orgUnitPath": u.Unit, "isAdmin": u.Admin,
		})
	}
	o := object{"kind": "admin#directory#users", "users": list}
	if next != "" {
		o["nextPageToken"] = next
	}
	return o, nil
}

func membersList(c *call) (any, *refusal) {
	if bad := c.adminOnly(); bad != nil {
		return nil, bad
	}
	g := c.group(c.vars["groupKey"])
	if g == nil {
		return nil, &refusal{404, "global", "notFound", "Resource Not Found: groupKey"}
	}
	if c.NoGroups {
		return nil, &refusal{403, "global", "forbidden", "Not Authorized to access this resource/api"}
	}
	from, to, next, bad := c.page(len(g.Members), "maxResults", 200, 200)
	if bad != nil {
		return nil, bad
	}
	list := []object{}
	for _, m := range g.Members[from:to] {
		o := object{"email": m, "type": "USER", "role": "MEMBER", "status": "ACTIVE", "id": idOf(m)}
		switch {
		case m == "*":
			o["type"] = "CUSTOMER"
			delete(o, "email")
		case c.group(m) != nil:
			o["type"] = "GROUP"
		}
		list = append(list, o)
	}
	o := object{"kind": "admin#directory#members", "members": list}
	if next != "" {
		o["nextPageToken"] = next
	}
	return o, nil
}

func domainsList(c *call) (any, *refusal) {
	if bad := c.adminOnly(); bad != nil {
		return nil, bad
	}
	var list []object
	for _, d := range append([]string{c.Domain}, c.Secondary...) {
		o := object{"domainName": d, "isPrimary": d == c.Domain, "verified": true}
		var aliases []object
		for a, of := range c.AliasOf {
			if of == d {
				aliases = append(aliases, object{"domainAliasName": a, "parentDomainName": d, "verified": true})
			}
		}
		if aliases != nil {
			o["domainAliases"] = aliases
		}
		list = append(list, o)
	}
	return object{"kind": "admin#directory#domains", "domains": list}, nil
}

func tokensList(c *call) (any, *refusal) {
	if bad := c.adminOnly(); bad != nil {
		return nil, bad
	}
	u := c.user(c.vars["userKey"])
	if u == nil {
		return nil, &refusal{404, "global", "notFound", "Resource Not Found: userKey"}
	}
	list := []object{}
	for _, a := range u.Apps {
		list = append(list, object{"clientId": a.Client, "displayText": a.Name, "scopes": a.Scopes, "userKey": u.ID})
	}
	return object{"kind": "admin#directory#tokenList", "items": list}, nil
}

func groupSettings(c *call) (any, *refusal) {
	if bad := c.adminOnly(); bad != nil {
		return nil, bad
	}
	g := c.group(c.vars["groupUniqueId"])
	if g == nil {
		return nil, &refusal{404, "global", "notFound", "groupUniqueId"}
	}
	external := "false"
	if g.External {
		external = "true"
	}
	return object{"kind": "groupsSettings#groups", "email": g.Email, "whoCanJoin": cmp.Or(g.WhoCanJoin, "CAN_REQUEST_TO_JOIN"), "allowExternalMembers": external}, nil
}

func activitiesList(c *call) (any, *refusal) {
	if bad := c.adminOnly(); bad != nil {
		return nil, bad
	}
	if c.NoReports {
		return nil, &refusal{403, "global", "forbidden", "the edition has no audit log of Drive"}
	}
	if c.vars["userKey"] != "all" || c.vars["applicationName"] != "drive" {
		return nil, &refusal{400, "global", "invalid", "userKey or applicationName"}
	}
	doc, ok := strings.CutPrefix(c.args.Get("filters"), "doc_id==")
	if !ok {
		c.tell("drivetest: filters %q", c.args.Get("filters"))
		return nil, &refusal{400, "global", "invalid", "filters"}
	}
	var all []Activity
	for _, a := range c.Activities {
		if a.File == doc {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b Activity) int { return b.Time.Compare(a.Time) })
	from, to, next, bad := c.page(len(all), "maxResults", 1000, 1000)
	if bad != nil {
		return nil, bad
	}
	list := []object{}
	for _, a := range all[from:to] {
		params := []object{{"name": "doc_id", "value": a.File}}
		for name, v := range map[string]string{"originating_app_id": a.App, "visibility": a.Visibility, "old_visibility": a.OldVisible} {
			if v != "" {
				params = append(params, object{"name": name, "value": v})
			}
		}
		actor := object{"email": a.Actor, "callerType": "USER"}
		if a.Actor == "" {
			actor = object{"callerType": "USER", "profileId": "105250506097979753968"}
		}
		list = append(list, object{
			"id": object{"time": a.Time.Format(time.RFC3339), "applicationName": "drive"}, "actor": actor,
			"events": []object{{"type": "access", "name": a.Event, "parameters": params}},
		})
	}
	o := object{"kind": "admin#reports#activities", "items": list}
	if next != "" {
		o["nextPageToken"] = next
	}
	return o, nil
}

// documentsGet is the Docs API's answer: all tabs, with suggestions inline.
func documentsGet(c *call) (any, *refusal) {
	if c.NoDocs {
		return nil, &refusal{403, "usageLimits", "accessNotConfigured", "Google Docs API has not been used in this project before or it is disabled."}
	}
	f, bad := c.find(c.vars["documentId"])
	if bad != nil || f.MIME != Document {
		return nil, notFound(c.vars["documentId"])
	}
	if bad := c.content(f); bad != nil {
		return nil, bad
	}
	if c.args.Get("includeTabsContent") != "true" {
		c.tell("drivetest: documents.get without its tabs")
	}
	return object{"documentId": f.ID, "title": f.Name, "tabs": tabs(f.Text, c.args.Get("suggestionsViewMode") == "SUGGESTIONS_INLINE")}, nil
}

func tabs(all []Tab, suggestions bool) []object {
	var out []object
	for i, t := range all {
		var content []object
		say := func(text string, suggested bool) {
			run := object{"content": text}
			if suggested {
				run["suggestedInsertionIds"] = []string{"suggest.1"}
			}
			content = append(content, object{"paragraph": object{"elements": []object{{"textRun": run}}}})
		}
		for line := range strings.SplitAfterSeq(t.Text, "\n") {
			say(line, false)
		}
		if suggestions && t.Suggested != "" {
			say(t.Suggested, true)
		}
		o := object{"tabProperties": object{"title": t.Title, "index": i}, "documentTab": object{"body": object{"content": content}}}
		if len(t.Tabs) > 0 {
			o["childTabs"] = tabs(t.Tabs, suggestions)
		}
		out = append(out, o)
	}
	return out
}
