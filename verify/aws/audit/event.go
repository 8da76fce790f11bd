package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"mislaid/verify"
)

// What is read of the log: management events go back 90 days, one attribute at
// a time, two calls a second (CloudTrail API reference, LookupEvents).
const (
	mostEvents = 500
	keptCalls  = 50
	logDays    = 90
)

// lookBack reads the uses of a key from CloudTrail, in the region of its last
// use and in the one where global services log.
func (a *Auditor) lookBack(ctx context.Context, acc *account, id string, f *verify.Facts) {
	log := &verify.LogRead{From: f.Read.AddDate(0, 0, -logDays), To: f.Read, Regions: []string{globalRegion(a.part)}}
	if f.LastUsed != nil && f.LastUsed.Region != "" && f.LastUsed.Region != "N/A" && !slices.Contains(log.Regions, f.LastUsed.Region) {
		log.Regions = append(log.Regions, f.LastUsed.Region)
	}
	for _, region := range log.Regions {
		var token *string
		for {
			out, err := acc.trail.LookupEvents(ctx, &cloudtrail.LookupEventsInput{
				LookupAttributes: []cttypes.LookupAttribute{{AttributeKey: cttypes.LookupAttributeKeyAccessKeyId, AttributeValue: &id}},
				StartTime:        &log.From, NextToken: token,
			}, func(o *cloudtrail.Options) { o.Region = region })
			if err != nil {
				unread(f, "cloudtrail:LookupEvents", err)
				return
			}
			for _, e := range out.Events {
				log.Events++
				if c, ours := event(e, region, a.config.UserAgent); !ours {
					c.Explained = a.explains(c.Source)
					f.Calls = append(f.Calls, c)
				}
			}
			token = out.NextToken
			if token == nil || log.Events >= mostEvents {
				log.Cut = log.Cut || token != nil
				break
			}
		}
	}
	slices.SortFunc(f.Calls, func(x, y verify.AuditCall) int {
		return cmp.Or(cmp.Compare(len(x.Explained), len(y.Explained)), y.At.Compare(x.At)) // the unexplained ones are kept first
	})
	if len(f.Calls) > keptCalls {
		f.Calls, log.Cut = f.Calls[:keptCalls], true
	}
	f.LogRead = log
}

// explains names the range that explains an address. A service of AWS that
// acts for the owner is explained by itself; nothing is when no range is known.
func (a *Auditor) explains(source string) string {
	if strings.HasSuffix(source, ".amazonaws.com") || source == "AWS Internal" {
		return source
	}
	ip, err := netip.ParseAddr(source)
	if err != nil {
		return ""
	}
	for _, p := range a.config.Known {
		if p.Contains(ip.Unmap()) {
			return p.String()
		}
	}
	if len(a.config.Known) == 0 {
		return "no ranges were given"
	}
	return ""
}

// event reads an event of CloudTrail, and whether it is a call of ours. Our name
// alone does not make it one, since everybody may take it: only the one question
// that we ask counts, which does no harm whoever asks it.
func event(e cttypes.Event, region, agent string) (c verify.AuditCall, ours bool) {
	service, _, _ := strings.Cut(sdk.ToString(e.EventSource), ".")
	c = verify.AuditCall{At: sdk.ToTime(e.EventTime).UTC(), Name: service + ":" + sdk.ToString(e.EventName), Region: region}
	var detail struct {
		SourceIPAddress, UserAgent, ErrorCode, RequestID, AWSRegion string
	}
	if json.Unmarshal([]byte(sdk.ToString(e.CloudTrailEvent)), &detail) == nil {
		c.Source, c.UserAgent, c.Error, c.RequestID = short(detail.SourceIPAddress), short(detail.UserAgent), short(detail.ErrorCode), short(detail.RequestID)
	}
	return c, c.Name == "sts:GetCallerIdentity" && strings.HasPrefix(c.UserAgent, agent+" run/")
}

// short bounds what a caller may write into the log.
func short(s string) string { return s[:min(len(s), 256)] }
