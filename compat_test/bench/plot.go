package bench

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// init: browsers have sans fonts of this width everywhere.
func init() { plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"} }

// Series are points of one line of a plot.
type Series struct {
	Name   string
	Points plotter.XYs
}

// Lines draws lines over two logarithmic axes, as SVG.
func Lines(title, x, y string, lines []Series) ([]byte, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	for i, s := range lines {
		line, points, err := plotter.NewLinePoints(s.Points)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		line.Color, points.Color = plotutil.Color(i), plotutil.Color(i)
		line.Dashes, points.Shape = plotutil.Dashes(i), plotutil.Shape(i)
		p.Add(line, points)
		p.Legend.Add(s.Name, line, points)
	}
	return draw(p, 16*vg.Centimeter, 9*vg.Centimeter)
}

// Bars draws for each row how many times our CPU time the others take.
func Bars(title string, results []*Result) ([]byte, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = title, "CPU time, djsession = 1; cut off at 20"
	p.X.Min = 0
	var names []string
	at, largest := 0.0, 1.0
	for _, r := range slices.Backward(results) {
		for i := len(r.Who) - 1; i >= 0; i-- {
			times := float64(r.Costs[i].CPU) / float64(max(r.Costs[0].CPU, 1))
			largest = max(largest, min(times, 20))
			bar, err := plotter.NewBarChart(plotter.Values{min(times, 20)}, vg.Points(9))
			if err != nil {
				return nil, err
			}
			bar.Horizontal, bar.XMin = true, at
			bar.LineStyle.Width = 0
			bar.Color = plotutil.Color(1)
			if i == 0 {
				bar.Color = plotutil.Color(2)
			}
			p.Add(bar)
			name := r.Who[i]
			if i == 0 {
				name = r.Name + ": " + name
			}
			names = append(names, name)
			at++
		}
	}
	p.X.Max = largest * 1.05
	p.NominalY(names...)
	p.Y.Tick.Label.Font.Size = vg.Points(7)
	p.Y.Tick.Length, p.Y.Padding = 0, vg.Points(6)
	return draw(p, 18*vg.Centimeter, vg.Length(len(names))*vg.Points(13)+3*vg.Centimeter)
}

func draw(p *plot.Plot, w, h vg.Length) ([]byte, error) {
	to, err := p.WriterTo(w, h, "svg")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if _, err := to.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// slug is the name of a group's file.
func slug(group string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(strings.TrimPrefix(group, "How cost grows: "))), "-")
}
