using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Cluster.Server.Routes;

/// <summary>Loads a YAML file whose form is known to be flat: what nests deeper, or refers to other parts, is refused before it is built up.</summary>
internal static class YamlShape
{
    private const int Deepest = 8;

    /// <summary>The file's one document, or null and what is wrong with it.</summary>
    public static YamlNode? Load(string text, out Core.Api.LineFault? fault)
    {
        fault = null;
        var line = 1;
        try
        {
            if ((fault = Scan(text, ref line)) is not null)
            {
                return null;
            }

            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            if (stream.Documents.Count == 1)
            {
                return stream.Documents[0].RootNode;
            }

            fault = new Core.Api.LineFault(1, stream.Documents.Count == 0 ? "The file is empty; it needs a list 'routes:'." : "The file has several documents; one is expected.");
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // What the library throws for some files, such as one with a brace that is never closed, and without saying where.
            fault = new Core.Api.LineFault(line, "This is not YAML: near this line a brace or bracket is left open, or a key is empty.");
        }
        catch (YamlException e)
        {
            fault = new Core.Api.LineFault((int)Math.Max(1, e.Start.Line), $"This is not YAML: {e.Message.TrimEnd('.')}. Texts with :, #, *, >, & or ! in them need quotes.");
        }

        return null;
    }

    private static Core.Api.LineFault? Scan(string text, ref int line)
    {
        var parser = new Parser(new StringReader(text));
        var depth = 0;
        while (parser.MoveNext())
        {
            line = (int)parser.Current!.Start.Line;
            depth += parser.Current.NestingIncrease;
            if (depth > Deepest + 2) // stream and document count too
            {
                return new Core.Api.LineFault(line, "This is nested too deeply.");
            }

            if (parser.Current is AnchorAlias || parser.Current is NodeEvent { Anchor.IsEmpty: false })
            {
                return new Core.Api.LineFault(line, "Anchors and aliases (& and *) are not taken here; write it out, or quote a text that begins so.");
            }
        }

        return null;
    }
}
