"""The element dictionary of dcm4che 1.4-JP (2020) told as what it has otherwise than today's.

A name follows today's keyword (PS3.6) with `Sequence` and `AETitle` at its end and `Referenced` at
its beginning shortened, but for these. Facts only: tags and names.
"""

from __future__ import annotations

from typing import Final

OTHER_NAMES: Final = """
00020017 SendingAET
00020018 ReceivingAET
00041200 OffsetOfFirstRootDirectoryRecord
00041202 OffsetOfLastRootDirectoryRecord
00041400 OffsetOfNextDirectoryRecord
00041420 OffsetOfLowerLevelDirectoryEntity
00041512 RefSOPTransferSyntaxUIDInFile
0008002A AcquisitionDatetime
00080094 ReferringPhysicianPhoneNumbers
00080114 CodingSchemeExternal
00081048 PhysicianOfRecord
00081049 PhysicianOfRecordIdentificationSeq
00081060 NameOfPhysicianReadingStudy
00081062 PhysicianReadingStudyIdentificationSeq
00081070 OperatorName
00081080 AdmittingDiagnosisDescription
00081084 AdmittingDiagnosisCodeSeq
00081111 RefPPSSeq
00081200 StudiesContainingOtherRefInstancesSeq
00082130 EventElapsedTime
00082132 EventTimerName
00082229 AnatomicStructureSpaceRegionSeq
00089237 RefGrayscalePresentationStateSeq
00101002 OtherPatientIDSeq
00102110 ContrastAllergies
00102154 PatientPhoneNumbers
00120060 CoordinatingCenterName
00120063 DeIdentificationMethod
00120064 DeIdentificationMethodCodeSeq
00180021 SeqVariant
00180036 InterventionalTherapySeq
00180038 InterventionalStatus
00180086 EchoNumber
00181008 GantyID
00181019 SecondaryCaptureDeviceSoftwareVersion
0018101B HardcopyDeviceManfuacturerModelName
00181020 SoftwareVersion
00181064 FramingType
00181149 FieldOfViewDimension
00181190 FocalSpot
00181318 dBDt
00181495 NumberofTomosynthesisSourceImages
00181620 VerticesOfPolygonalShutter
00181720 VerticesOfPolygonalCollimator
00183100 VUSAcquisition
00183101 VUSPullbackRate
00183103 VUSPullbackStartFrameNumber
00184000 SeriesCommentsRetired
00186011 SeqOfUltrasoundRegions
00186038 DopplerSampleVolumeXPosition
00186039 DopplerSampleVolumeXPosition2015
0018603A DopplerSampleVolumeYPosition
0018603B DopplerSampleVolumeYPosition2015
0018603C TMLinePositionX0
0018603D TMLinePositionX02015
0018603E TMLinePositionY0
0018603F TMLinePositionY02015
00186040 TMLinePositionX1
00186041 TMLinePositionX12015
00186042 TMLinePositionY1
00186043 TMLinePositionY12015
00187026 DetectorActiveDimension
00189027 SpatialPreSaturation
00189059 DeCoupling
00189060 DeCoupledNucleus
00189061 DeCouplingFrequency
00189062 DeCouplingMethod
00189063 DeCouplingChemicalShiftReference
00189074 FrameAcquisitionDatetime
00189118 CardiacTriggerSeq
00189151 FrameReferenceDatetime
00189195 ChemicalShiftsMinimumIntegrationLimit
00189196 ChemicalShiftsMaximumIntegrationLimit
00189328 ExposureTimeInMs
00189330 XRayTubeCurrentInMA
00189332 ExposureInMAs
00189428 IntensifierActiveDimension
00189461 FieldOfViewDimensionInFloat
00189801 DepthOfFocus
00189804 ExclusionStartDatetime
00200032 ImagePosition
00200037 ImageOrientation
00209153 TriggerDelayTime
00220058 NameMydriaticAgentSeq
00221642 NumberofBscansPerFrame
00280403 SeqOfCompressedData
00281100 GreyLUTDescriptorRetired
00281101 RedPaletteColorLUTDescriptor
00281102 GreenPaletteColorLUTDescriptor
00281103 BluePaletteColorLUTDescriptor
00281104 AlphaPaletteColorLUTDescriptor
00281111 LargeRedPaletteColorLUTDescriptor
00281112 LargeGreenPaletteColorLUTDescriptor
00281113 LargeBluePaletteColorLUTDescriptor
00281199 PaletteColorLUTUID
00281200 GrayLUTData
00281201 RedPaletteColorLUTData
00281202 GreenPaletteColorLUTData
00281203 BluePaletteColorLUTData
00281204 AlphaPaletteColorLUTData
00281211 LargeRedPaletteColorLUTData
00281212 LargeGreenPaletteColorLUTData
00281213 LargeBluePaletteColorLUTData
00281214 LargePaletteColorLUTUID
00281221 SegmentedRedPaletteColorLUTData
00281222 SegmentedGreenPaletteColorLUTData
00281223 SegmentedBluePaletteColorLUTData
00281224 SegmentedAlphaPaletteColorLUTData
00281403 BitsMappedToColorLUT
00281407 BlendingLUTDescriptor
00281408 BlendingLUTData
0028140B EnhancedPaletteColorLUTSeq
00284000 PixelCommentsRetired
00286030 MaskPointer
00289003 SignalDomain
00289507 NameLUTFrameRang
00321030 ReasonforStudy
00380061 IssuerOfServiceEpisodeIDRET
00400002 SPSStartDate
00400003 SPSStartTime
00400004 SPSEndDate
00400005 SPSEndTime
00400007 SPSDescription
00400009 SPSID
00400011 SPSLocation
00400020 SPSStatus
00400100 SPSSeq
00400244 PPSStartDate
00400245 PPSStartTime
00400250 PPSEndDate
00400251 PPSEndTime
00400252 PPSStatus
00400253 PPSID
00400254 PPSDescription
00400280 PPSComments
00400281 PPSDiscontinuationReasonCodeSeq
00400400 SPSComments
0040100A ReasonforRequestedProcedureCodeSeq
00402016 PlacerOrderNumber
00402017 FillerOrderNumber
00403001 ConfidentialityPatientData
00404001 GPSPSStatus
00404002 GPPPSStatus
00404003 GPSPSPriority
00404005 SPSStartDateAndTime
00404010 SPSModificationDateandTime
00404011 ExpectedCompletionDateAndTime
00404015 ResultingGPPPSSeq
00404016 RefGPSPSSeq
00404023 RefGPSPSTransactionUID
00409211 RealWorldValueLastValueMappedUS
00409216 RealWorldValueFirstValueMappedUS
0040A080 ParticipantType
0040A082 ParticipantDateTime
0040A13A RefDatetime
0040B020 AnnotationSeq
00480200 ReferencedImageNavigationSeq
0048021E RowPositionInTotalImagePixelMatrix
0048021F ColumnPositionInTotalImagePixelMatrix
00541310 PrimaryCountsAccumulated
00640010 PostDeformationMatrixReg
0066002B ReferencedSurfaceSeq
0066002C ReferencedSurfaceNumber
006862F0 ViewOrientationModifier
00700084 PresentationCreatorName
00700086 ContentCreatorIdentificationSeq
00701807 WeightingLUTDescriptor
00701808 WeightingLUTData
0072000A HangingProtocolCreationDatetime
0072003C AbstractValue
00720520 _3DRenderingType
00741000 UPSState
00741002 UPSProgressInformationSeq
00741004 UPSProgress
00741006 UPSProgressDescription
00741008 UPSCommunicationsURISeq
0074100E UPSDiscontinuationReasonCodeSeq
00741200 SPSPriority
00741216 UPSPerformedProcedureSeq
00741246 UPSListStatus
00880912 TopicKeyWords
01000420 SOPAuthorizationDateAndTime
04000500 EcryptedAttributesSeq
04000510 EncryptedContentTransferSyntax
04000562 AttributeModificationDatetime
20200010 ImagePositionOnFilm
20400500 RefImageBoxSeqRetired
21000500 RefPrintJobSeq
21200070 RefPrintJobSeqInQueue
30040060 DVHRefROISeq
30060012 RTRefStudySeq
30060014 RTRefSeriesSeq
300A000A TreatmentIntent
300A0079 NumberOfFractionsPerDay
300A0131 AverageBeamDosePointSourceToExternalContourSurfaceDistance
300A022C AirKermaRateReferenceDate
300A022E AirKermaRateReferenceTime
300C0055 BrachyRefDoseReferenceSeq
40004000 ArbitraryCommentsRetired
40101029 ThreatDetectionAlgorithmandVersion
FFFEE0DD SeqDelimitationItem
"""

NAMES_WITH_RETIRED: Final = """
0008: 0001 0010 0040 0041 0042 1000 2200 2204 2208 4000
0010: 1050
0018: 0030 0032 0033 1146 1240 5030 5040
0020: 0014 0015 0016 0017 0018 0030 0035 0050 0070 0080 1001 1020 3401 3402 3403 3404 3405
      3406 5000 5002
0028: 0005 0040 0050 0060 0104 0105 0200 1080
0038: 0011
0040: 1006 1007
2020: 0130 0140
2040: 0090 0100
4000: 0010
"""
"""Elements whose name ends with `Retired`."""

UNKNOWN: Final = """
0008: 0019 001C 0202 0400 0401 0402 0403 0404 0405 0406 0407 0408 0409 040A 040B 040C 040D
      040E 040F 0410 0411 0412 0413 0414 0415 0416 0417 0418 0419 041A 041B 041C 041D 041E
      041F 0420 0421 0422 0423 0424 0425 0426 0427 0428 0429 1088 1112 119B
0010: 2161
0012: 0022 0023 0032 0041 0043 0054 0055 0073
0014: 0200 0201 0202 0203 0204 0205 0206 0207 3100 3101
0016: 1001 1002 1003 1004 1005
0018: 0061 11B0 11B1 11B2 11B3 11B4 11B5 11B6 11B7 11B8 11B9 11BA 11BB 11BC 11BD 11BE 11BF
      11C0 11C1 1203 1204 1205 5011 6070 9445 9821 9822 9823 9824 9825 9826 9828 9829 982A
      982B 982C 982D 982E 982F 9830 9831 9832 9833 9834 9835 9836
0020: 0027
0022: 000F
0028: 0020 3001
0032: 1065
003A: 0310 0311 0312 0313 0314 0315 0316 0317 0318 0319 0320 0321 0322 0323 0324 0325 0326
      0327 0328 0329 032A 032B 032C 032D 032E
0040: A033 A801 A802 A803 A804 A805 A806 A807 A808
0048: 0114 0115 0116 0117
0066: 0022
006A: 0001 0002 0003 0005 0006 0007 0008 0009 000A 000B 000C 000D 000E 000F 0010 0011
0070: 0315
0072: 0081 0082 0083
0400: 0315
3002: 0100 0101 0102 0103 0104 0105 0106 0107 0108 0109 010A 010B 010C 010D 010E 010F 0110
      0111 0112 0113 0114 0115 0116 0117 0118 0119 011A 011B 011C 011D 011E 011F 0120 0121
      0122 0123 0124 0125 0126 0127 0128 0129 012A 012B 012C 012D 012E 012F 0130 0131 0132
      0133 0134 0135
3006: 002D 002E 004A 004B 004C 004D 004E 004F
3008: 00A1 00A2 00A3 00A4 00D1
300A: 0054 02A1 0399 068B 0700 0701 0702 0703 0704 0705 0706 0707 0708 0709 0714 0715 0716
      0722 0723 0730 0731 0732 0733 0734 0735 0736 073A 073B 073E 073F 0740 0741 0742 0743
      0744 0745 0746 0760 0761 0762 0772 0773 0774 0780 0782 0783 0784 0785 0786 0787 0788
      0789 078A 078B 078C 078D 078E 078F 0790 0791 0792 0793 0794 0795 0796 0797 0798 0799
      079A 079B 079C 079D 079E 079F 07A0 07A1
300C: 0114 0115 0116 0117 0118 0119 0120 0121 0122 0123 0124 0125 0126 0127 0128 0129
3010: 00A0
7FE0: 0003
"""
"""Elements of today's dictionary that this one does not have yet."""

UNREAD_VRS: Final = frozenset(("OD", "OL", "OV", "SV", "UR", "UV"))
"""VRs that it does not know, and takes for UN."""
