// Makes packages/kit/testdata/schedules.json: what github.com/robfig/cron/v3, with which Kubernetes reads the schedules of
// CronJobs, answers to texts, zones and times of ours.
//
//	cd scripts/schedules && go run . > ../../packages/kit/testdata/schedules.json
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

type times struct {
	Schedule string   `json:"schedule"`
	Zone     string   `json:"zone,omitempty"`
	After    string   `json:"after"`
	Next     []string `json:"next"`
}

type refusal struct {
	Schedule string `json:"schedule"`
	Error    string `json:"error"`
}

const layout = time.RFC3339

// read is what Kubernetes' pkg/util/parsers makes of a text: a panic of the library is an error.
func read(text string) (schedule cron.Schedule, err error) {
	defer func() {
		if r := recover(); r != nil {
			schedule, err = nil, fmt.Errorf("invalid schedule format: %v", r)
		}
	}()
	return cron.ParseStandard(text)
}

// calendars are tried in each zone around each of its changes.
var calendars = []string{
	"0 0 * * *", "0 0 * * 1", "0 0 1 * *", "0 0 1 1 *", "30 1 * * *", "30 2 * * *", "15 2 * * 0", "0 3 * * *", "*/30 * * * *", "0 * * * *",
	"45 1 * * *", "59 23 * * 6", "*/20 1-3 * * *", "0 0 */2 * *", "0 12 * * 0", "10 0 8,9 * *", "@daily", "@weekly", "@monthly", "@hourly", "@yearly",
}

// changes are times some hours before the clocks of a zone change.
var changes = map[string][]string{
	"America/New_York":    {"2026-03-07T12:00:00Z", "2026-03-08T05:30:10Z", "2026-03-14T12:00:00Z", "2026-10-31T20:00:00Z", "2026-11-01T05:15:00Z"},
	"Europe/Berlin":       {"2026-03-28T22:00:00Z", "2026-10-24T23:10:59Z"},
	"America/Sao_Paulo":   {"2018-11-03T12:00:00Z", "2018-02-17T20:00:00Z"},
	"Australia/Lord_Howe": {"2026-10-03T10:00:00Z", "2026-04-04T10:00:00Z"},
	"Africa/Cairo":        {"2026-04-23T12:00:00Z", "2026-10-29T12:00:00Z"},
	"America/Havana":      {"2026-03-07T20:00:00Z"},
	"Asia/Kolkata":        {"2026-05-05T05:05:05Z"},
	"Asia/Beirut":         {"2026-03-28T12:00:00Z"},
}

// spellings say the same things in many ways; tried from two times without a zone.
var spellings = []string{
	"* * * * *", "? ? ? ? ?", "*/1 * * * *", "*/7 * * * *", "0-59/7 * * * *", "5/20 * * * *", "1,2,3 * * * *", "1,,3 * * * *", ",5 * * * *", "5, * * * *",
	"0 0 13 * 5", "0 0 13 * *", "0 0 * * 5", "0 0 */2 * 5", "0 0 */1 * 5", "0 0 * * */2", "0 0 1 * */2", "0 0 1 * */1", "0 0 ?/2 * 3", "0 0 13,* * 5", "0 0 13 * 5,*",
	"0 0 *-5 * *", "0 0 *-5/3 * *", "*-7 * * * *", "0 0 1-7 * 1", "0 0 31 * *", "0 0 30 2 *", "59 23 31 2 *", "0 0 29 2 *", "0 0 29 2 1", "0 0 31 4,6 *", "0 0 31 4,6 2",
	"0 0 * jan *", "0 0 * JAN-Mar *", "0 0 * feb,dec *", "0 0 * Oct/1 *", "0 0 * * sun", "0 0 * * MON-fri", "0 0 * * sat,Sun", "0 0 * * mon-sat/2", "0 0 * * tue/2", "0 0 * 2-4 wed",
	"+5 * * * *", "007 * * * *", "0/15 */6 * * *", "30 6-16/4 * * 1-5", "0 22-23 31 12 *", "59 23 31 12 *", "0 0 1 1 *", "0 0 , * 1", "0 0 1 * ,", ", * * * *", "* , * * *", "* * * , *", "0 0 , * ,", "0 0 * * ,",
	"  0   0 * * *  ", "0\t0 * * *", "0\u00a00 * * *", "0\u00850 * * *", "*/100 * * * *", "10/100 * * * *", "59/1 * * * *", "0/9223372036854775807 * * * *",
	"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly",
	"@every 1h", "@every 1h30m", "@every 90s", "@every 1s", "@every 500ms", "@every 0", "@every -5m", "@every 1.5h", "@every 1h0.5s", "@every 2562047h", "@every +3m", "@every .5m", "@every 1m1h", "@every 100us", "@every 3000000µs", "@every 3000000μs", "@every 1500ms", "@every 2.999999999s",
	"TZ=UTC 0 0 * * *", "TZ= 0 0 * * *", "CRON_TZ=Asia/Tokyo 0 6 * * *", "TZ=America/New_York @daily", "TZ=Asia/Tokyo @every 1h", "TZ=Asia/Kolkata   15 */4 * * 1", "TZ=Europe/London 30 1 * * *", "CRON_TZ=Pacific/Auckland @weekly",
}

var refused = []string{
	"", " ", "*", "* * * *", "* * * * * *", "60 * * * *", "-1 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *", "* * * * 7", "* * * * 8", "0 0 * * 6-7", "0 0 * * sun-7",
	"0 0 * * fri-mon", "5-1 * * * *", "*/0 * * * *", "*/-5 * * * *", "*/x * * * *", "*/ * * * *", "/5 * * * *", "5- * * * *", "-5 * * * *", "-0 * * * *", "1-2-3 * * * *", "x-2-3 * * * *", "1-x-3 * * * *", "*/2/3 * * * *", "1-x/2/3 * * * *", "1/2/3 * * * *",
	"a * * * *", "1.5 * * * *", "0x10 * * * *", "1_0 * * * *", "** * * * *", "*5 * * * *", "5* * * * *", "L * * * *", "0 0 L * *", "0 0 15W * *", "0 0 * * 5#2", "0 0 * * 5L", "0 0 * sunday *", "0 0 * * january", "0 0 * * monday", "jan * * * *", "0 0 jan * *", "0 0 * mon *",
	"* * * * * 2026", "0 0 * * * * *", "99999999999999999999 * * * *", "9223372036854775807 * * * *", "*/99999999999999999999 * * * *", "1-9223372036854775807 * * * *", "+ * * * *", "- * * * *", "٥ * * * *", "\"5\" * * * *", "5\\ * * * *", "é * * * *", "0\ufeff0 * * *", "\u200b * * * *",
	"@reboot", "@every", "@every ", "@every 5", "@every 5x", "@every h", "@every 1h 30m", "@every  1h", "@every 1h1", "@every .s", "@every 1..5s", "@every -", "@every +", "@every 9999999999h", "@every 2562048h", "@every 1d", "@every \"1h\"", "@every 1é", "@Daily", "@daily ", "@weekly x", "@", "@every 99999999999999999999s", "@every 1e3s",
	"TZ=0", "TZ=UTC", "CRON_TZ=", "TZ=Mars/Olympus * * * * *", "TZ=utc0 * * * * *", "TZ=../etc * * * * *", "TZ=/etc/localtime * * * * *", "TZ=\\x * * * * *", "TZ=+01:00 * * * * *", "TZ=UTC ", "TZ=UTC * * * *", "TZ=UTC\t0 0 * * *", "tz=UTC 0 0 * * *", " TZ=UTC 0 0 * * *", "TZ=UTC TZ=UTC 0 0 * * *", "TZ=UTC @reboot",
}

func main() {
	out := struct {
		Times   []times   `json:"times"`
		Refused []refusal `json:"refused"`
	}{}
	next := func(text, zone, after string, count int) {
		at, err := time.Parse(layout, after)
		if err != nil {
			panic(err)
		}
		full := text
		if zone != "" {
			full = "TZ=" + zone + " " + text
		}
		schedule, err := read(full)
		if err != nil {
			panic(full + ": " + err.Error())
		}
		answer := times{Schedule: text, Zone: zone, After: after, Next: []string{}}
		for t := at.UTC(); len(answer.Next) < count; {
			t = schedule.Next(t)
			if t.IsZero() {
				break
			}
			answer.Next = append(answer.Next, t.UTC().Format(layout))
		}
		out.Times = append(out.Times, answer)
	}
	for _, zone := range sorted(changes) {
		for _, after := range changes[zone] {
			for _, text := range calendars {
				next(text, zone, after, 3)
			}
		}
	}
	for _, text := range spellings {
		next(text, "", "2026-03-01T00:00:00Z", 4)
		next(text, "", "2027-12-30T23:59:59Z", 2)
	}
	for _, text := range refused {
		_, err := read(text)
		if err == nil {
			panic("not refused: " + text)
		}
		out.Refused = append(out.Refused, refusal{text, err.Error()})
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	// A case a line, so that a change can be read.
	fmt.Fprintln(os.Stdout, strings.ReplaceAll(string(text), "},{", "},\n{"))
}

func sorted(of map[string][]string) []string {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	for i := range names {
		for j := i + 1; j < len(names); j++ {
			if names[j] < names[i] {
				names[i], names[j] = names[j], names[i]
			}
		}
	}
	return names
}
