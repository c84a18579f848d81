using System.Collections;
using System.Text;
using QRCoder;

namespace Cluster.Cli.Chats;

/// <summary>A QR code in half blocks: one character is two modules, one above the other.</summary>
internal static class QrPicture
{
    /// <summary>Light modules are drawn, dark ones are left out: right on a dark terminal, and on a light one the
    /// inverse, which phones read as well. The quiet zone of four modules is part of the picture.</summary>
    public static string Of(string text)
    {
        using var generator = new QRCodeGenerator();
        using var code = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.L);
        var picture = new StringBuilder();
        var rows = code.ModuleMatrix;
        for (var y = 0; y < rows.Count; y += 2)
        {
            for (var x = 0; x < rows[y].Count; x++)
            {
                picture.Append((Light(rows, x, y), Light(rows, x, y + 1)) switch
                {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    _ => ' ',
                });
            }

            picture.AppendLine();
        }

        return picture.ToString();
    }

    private static bool Light(List<BitArray> rows, int x, int y) => y < rows.Count && !rows[y][x];
}
